// The few AMQP 0-9-1 methods the load generator speaks, as bytes.

/** Frame types and the byte that ends every frame (AMQP 0-9-1, 4.2.3). */
export const frameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
export const frameEnd = 0xce;
/** Bytes of a frame that are not payload: type, channel, length and end mark. */
export const frameOverheadBytes = 8;
/** The frame size asked for in tune-ok, and the largest the generator reads. */
export const frameMaxBytes = 131_072;

/** Class and method in one number, as the first four bytes of a method frame read. */
export const methodId = {
  connectionStart: 0x000a_000a,
  connectionStartOk: 0x000a_000b,
  connectionTune: 0x000a_001e,
  connectionTuneOk: 0x000a_001f,
  connectionOpen: 0x000a_0028,
  connectionOpenOk: 0x000a_0029,
  connectionClose: 0x000a_0032,
  connectionCloseOk: 0x000a_0033,
  channelOpen: 0x0014_000a,
  channelOpenOk: 0x0014_000b,
  channelClose: 0x0014_0028,
  exchangeDeclare: 0x0028_000a,
  exchangeDeclareOk: 0x0028_000b,
  exchangeDelete: 0x0028_0014,
  exchangeDeleteOk: 0x0028_0015,
  queueDeclare: 0x0032_000a,
  queueDeclareOk: 0x0032_000b,
  queueBind: 0x0032_0014,
  queueBindOk: 0x0032_0015,
  queuePurge: 0x0032_001e,
  queuePurgeOk: 0x0032_001f,
  queueDelete: 0x0032_0028,
  queueDeleteOk: 0x0032_0029,
  basicQos: 0x003c_000a,
  basicQosOk: 0x003c_000b,
  basicConsume: 0x003c_0014,
  basicConsumeOk: 0x003c_0015,
  basicPublish: 0x003c_0028,
  basicDeliver: 0x003c_003c,
  basicAck: 0x003c_0050,
  basicNack: 0x003c_0078,
  confirmSelect: 0x0055_000a,
  confirmSelectOk: 0x0055_000b,
} as const;

/** One byte, then big-endian integers of two and four bytes. */
export const u8 = (value: number): Buffer => Buffer.of(value);
export const u16 = (value: number): Buffer => Buffer.of(value >>> 8, value);
export const u32 = (value: number): Buffer => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);

/** A short string: at most 255 bytes. */
export function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new RangeError(`"${text.slice(0, 20)}..." is too long for a short string`);
  return Buffer.concat([u8(bytes.length), bytes]);
}

/** A long string, or with no argument an empty field table, which has the same bytes. */
export function longString(text = ''): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(bytes.length), bytes]);
}

/** A field table of texts and 32-bit integers. */
export function table(fields: Record<string, string | number>): Buffer {
  const parts = Object.entries(fields).flatMap(([key, value]) =>
    typeof value === 'number'
      ? [shortString(key), Buffer.from('I'), u32(value)]
      : [shortString(key), Buffer.from('S'), longString(value)],
  );
  const bytes = Buffer.concat(parts);
  return Buffer.concat([u32(bytes.length), bytes]);
}

/** A whole frame around `payload`. */
export function frame(type: number, channel: number, ...payload: Uint8Array[]): Buffer {
  const body = Buffer.concat(payload);
  return Buffer.concat([u8(type), u16(channel), u32(body.length), body, u8(frameEnd)]);
}

/** A whole method frame. */
export function method(channel: number, id: number, ...args: Uint8Array[]): Buffer {
  return frame(frameType.method, channel, u32(id), ...args);
}
