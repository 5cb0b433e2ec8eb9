// How deep JSON may nest here. JSON.stringify gives up at about 4,000 levels and other servers' parsers at about 1,000.

/** Levels of nesting that are accepted. */
export const jsonDepthMax = 1_000;
