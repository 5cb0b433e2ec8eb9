// Columns of many rows as PostgreSQL's binary arrays. The driver would write them as text, escape every quote of every event's JSON,
// and PostgreSQL would read that back character by character; in binary both sides copy bytes.

/** Element types that the door sends. */
export type ColumnType = 'bigint' | 'text' | 'boolean';
export type ColumnValue = number | string | boolean | null | undefined;

const oids: Readonly<Record<ColumnType, number>> = { bigint: 20, text: 25, boolean: 16 };
/** Dimensions, null flag, element type, length, lower bound: 4 bytes each. */
const headBytes = 20;

/** One column as a parameter for `$n::type[]`. undefined is null. */
export function binaryArray(type: ColumnType, values: readonly ColumnValue[]): Buffer {
  let size = headBytes;
  for (const value of values) size += 4 + sizeOf(type, value);
  const buffer = Buffer.allocUnsafe(size);
  let at = buffer.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  at = buffer.writeInt32BE(1, at); // there may be nulls
  at = buffer.writeInt32BE(oids[type], at);
  if (values.length === 0) return buffer.subarray(0, at);
  at = buffer.writeInt32BE(values.length, at);
  at = buffer.writeInt32BE(1, at);
  for (const value of values) at = writeValue(buffer, at, value);
  return buffer;
}

function sizeOf(type: ColumnType, value: ColumnValue): number {
  if (value === null || value === undefined) return 0;
  if (type === 'bigint') return 8;
  return type === 'boolean' ? 1 : Buffer.byteLength(value as string);
}

function writeValue(buffer: Buffer, start: number, value: ColumnValue): number {
  if (value === null || value === undefined) return buffer.writeInt32BE(-1, start);
  if (typeof value === 'string') {
    const length = buffer.write(value, start + 4);
    buffer.writeInt32BE(length, start);
    return start + 4 + length;
  }
  if (typeof value === 'number') {
    // Two halves: BigInt would make garbage for each number.
    const high = Math.floor(value / 0x1_0000_0000);
    let at = buffer.writeInt32BE(8, start);
    at = buffer.writeInt32BE(high, at);
    return buffer.writeUInt32BE(value - high * 0x1_0000_0000, at);
  }
  return buffer.writeUInt8(value ? 1 : 0, buffer.writeInt32BE(1, start));
}
