// What a registration.yaml says, once checked: the words both sides share. validate.ts makes it, namespaces.ts matches by it,
// generate.ts writes the file again.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import type { PonsBlock } from './pons-block.ts';

/** One entry of a namespace: ids that match, from their start on. */
export interface NamespaceEntry {
  readonly regex: string;
  /** Nobody else may create users or aliases in it. */
  readonly exclusive: boolean;
}

/** What an application service claims, by kind of id. */
export interface NamespaceEntries {
  readonly users: readonly NamespaceEntry[];
  readonly aliases: readonly NamespaceEntry[];
  readonly rooms: readonly NamespaceEntry[];
}

/** A checked registration. */
export interface Registration {
  readonly id: string;
  /** http, https or unix:/path.sock; null: nothing is ever sent to it. */
  readonly url: string | null;
  readonly asToken: string;
  readonly hsToken: string;
  readonly senderLocalpart: string;
  readonly namespaces: NamespaceEntries;
  /** Whether rate limits hold for its users. Its sender is never limited. */
  readonly rateLimited: boolean;
  readonly protocols: readonly string[];
  /** `receive_ephemeral`: typing, receipts and presence under the key `ephemeral`. */
  readonly receiveEphemeral: boolean;
  /** `de.sorunome.msc2409.push_ephemeral`: the same under the key from before it was in the specification. */
  readonly pushEphemeral: boolean;
  /** `org.matrix.msc3202`: device lists and one-time key counts. */
  readonly deviceExtensions: boolean;
  /** `io.element.msc4190` or `device_management`: it makes devices without logging in. */
  readonly deviceManagement: boolean;
  /** Our own keys. */
  readonly pons: PonsBlock;
  /** Every key at the top that nobody here knows, kept as it stood. */
  readonly unknown: Readonly<Record<string, unknown>>;
  /** Paths of all keys that nobody here knows, the nested ones too: some are misspelt. */
  readonly unknownKeys: readonly string[];
}
