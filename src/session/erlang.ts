// Bytes as RabbitMQ prints them in its error texts: Erlang's notation.

/** `<<"abc">>` when all bytes are printable, else `<<1,2,3>>`. */
export function erlangBinary(bytes: Buffer): string {
  const printable = bytes.length > 0 && bytes.every(octet => (octet >= 32 && octet < 127) || (octet >= 8 && octet <= 13) || octet === 27);
  return printable ? `<<"${bytes.toString('latin1').replaceAll(/["\\]/g, '\\$&')}">>` : `<<${[...bytes].join(',')}>>`;
}

/** A frame's type and the start of its payload: `type 3, first 16 octets = <<...>>`. */
export function erlangPayload(type: number, payload: Buffer): string {
  const shown = payload.length > 16 ? 'first 16 octets' : 'all octets';
  return `type ${type}, ${shown} = ${erlangBinary(payload.subarray(0, 16))}`;
}
