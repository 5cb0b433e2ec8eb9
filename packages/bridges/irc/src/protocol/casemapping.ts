// When two nicks or channels are the same one. Which characters fold is the network's choice (ISUPPORT CASEMAPPING); names are
// compared and used as ids only in their folded form.
// https://modern.ircdocs.horse/#casemapping-parameter

/** The mappings that networks announce. */
export type Casemapping = 'ascii' | 'rfc1459' | 'strict-rfc1459';

/** The mapping of that name; networks with another one (precis, rfc7613) fold at least ASCII. */
export function casemappingNamed(name: string): Casemapping {
  return name === 'rfc1459' || name === 'strict-rfc1459' ? name : 'ascii';
}

/** The folded form of a nick or channel: equal for names that the network holds to be the same. */
export function fold(name: string, mapping: Casemapping): string {
  const range = RANGES[mapping];
  return name.replace(range, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
}

// The upper-case forms of {|} are [\], and in rfc1459 proper that of ^ is ~ (the other way round by code: 0x5E to 0x7E).
const RANGES: Readonly<Record<Casemapping, RegExp>> = {
  ascii: /[A-Z]/g,
  'strict-rfc1459': /[A-Z[\\\]]/g,
  rfc1459: /[A-Z[\\\]^]/g,
};
