// Frames: their types, their end, and the header that opens a connection.

/** The first octet of a frame. */
export const frameMethod = 1;
export const frameHeader = 2;
export const frameBody = 3;
export const frameHeartbeat = 8;

/** The last octet of every frame. */
export const frameEnd = 0xce;

/** Type (1), channel (2) and payload size (4) stand before the payload. */
export const frameHeaderBytes = 7;

/** Bytes of a frame around its payload: header and end. */
export const frameOverheadBytes = 8;

/** The smallest frame-max that may be agreed on, in bytes (AMQP 0-9-1, 4.2.3). */
export const frameMinBytes = 4096;

/** The first 8 bytes of a connection, and our answer to any others: `AMQP` 0 0 9 1. */
export const protocolHeader: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** The whole heartbeat frame. */
export const heartbeatFrame: Buffer = Buffer.from([frameHeartbeat, 0, 0, 0, 0, 0, 0, frameEnd]);

/** A whole frame, for the cold path: one copy of the payload. */
export function encodeFrame(type: number, channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + frameOverheadBytes);
  frame[0] = type;
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  frame.set(payload, frameHeaderBytes);
  frame[frame.length - 1] = frameEnd;
  return frame;
}
