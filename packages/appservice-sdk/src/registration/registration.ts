// What a registration.yaml says, with the file's own field names. The SDK only reads it; @pons/registration validates and generates.
// https://spec.matrix.org/v1.19/application-service-api/#registration

/** One namespace entry. */
export interface RegistrationNamespace {
  readonly regex: string;
  readonly exclusive: boolean;
}

/** The registration of one application service, as both sides hold it. */
export interface Registration {
  readonly id: string;
  readonly url: string | null;
  readonly as_token: string;
  readonly hs_token: string;
  readonly sender_localpart: string;
  readonly namespaces: {
    readonly users?: readonly RegistrationNamespace[];
    readonly aliases?: readonly RegistrationNamespace[];
    readonly rooms?: readonly RegistrationNamespace[];
  };
  readonly rate_limited?: boolean;
  readonly protocols?: readonly string[] | null;
  readonly receive_ephemeral?: boolean;
}
