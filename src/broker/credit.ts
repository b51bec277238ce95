// What a channel may still be sent: the shared limit of basic.qos global=true, and whether its connection takes deliveries at all.

export class Credit {
  /** Unsettled deliveries allowed over all consumers of the channel; 0 means no limit. */
  limit = 0;
  /** What counts against it: counted from when the limit was set, by the channel. */
  used = 0;
  /** How often a consumer has begun to wait for credit. */
  waits = 0;
  /** False while the connection's output is full and once the channel is closed. */
  open = true;
}
