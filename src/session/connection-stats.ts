// What a connection has taken in and handed over, counted as it happens.

export class ConnectionStats {
  /** Pieces that the socket gave. */
  receivedChunks = 0;
  receivedBytes = 0;
  /** Times that output was handed to the socket. */
  sentChunks = 0;
  sentBytes = 0;
}
