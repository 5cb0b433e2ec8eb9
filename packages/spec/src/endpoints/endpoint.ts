// What an endpoint's descriptor is: the one description that the homeserver's router, the SDK's client and the console share.
// generated/ holds the specification's, made by scripts/generate-endpoints; unstable/ holds ours and proposals', by hand.

/** Who may call an endpoint. */
export type EndpointAuth = 'none' | 'optional' | 'accessToken' | 'asToken' | 'hsToken' | 'server' | 'admin';

/** How often somebody may call it: classes of platform/config's rate_limits. */
export type RateLimitClass = 'none' | 'default' | 'message' | 'join' | 'login' | 'registration' | 'media';

/** One endpoint. */
export interface Endpoint {
  /** operationId of the specification, e.g. `sendMessage`. Unique within an API. */
  readonly operation: string;
  readonly api: 'client-server' | 'server-server' | 'application-service' | 'push-gateway' | 'admin';
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  /** Template with {parameters}: `/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`. */
  readonly path: string;
  readonly auth: EndpointAuth;
  readonly rateLimit: RateLimitClass;
  readonly body: 'none' | 'json' | 'stream';
  readonly query?: readonly QueryParameter[];
  /** JSON Schema of the body, without prose. */
  readonly request?: JsonSchema;
  /** Specification version that brought it, e.g. `1.3`. */
  readonly since?: string;
  readonly deprecated?: boolean;
  /** Link to the specification. */
  readonly link: string;
}

export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'array';
  readonly required?: boolean;
  readonly values?: readonly string[];
}

/** The part of JSON Schema that the specification's descriptions use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly (string | number | boolean)[];
  readonly additionalProperties?: boolean | JsonSchema;
}
