// What is counted as it happens: plain integers that only rise, read by whoever samples them.
import { Histogram } from './histogram.ts';

/** Messages as a queue has seen them. */
export class QueueStats {
  published = 0;
  delivered = 0;
  deliveredNoAck = 0;
  got = 0;
  gotNoAck = 0;
  gotEmpty = 0;
  acked = 0;
  /** Deliveries and gets of what was delivered before; they are counted above as well. */
  redelivered = 0;
  /** Dropped because one with the same deduplication value was there. */
  deduplicated = 0;
}

/** Messages as a channel has seen them. */
export class ChannelStats extends QueueStats {
  confirmed = 0;
  /** Published as mandatory, and given back because no queue got them. */
  returned = 0;
  /** Dropped because no queue got them. */
  unroutable = 0;
  /** Counts a message once for each queue that got it. */
  routed = 0;
  /** Published on a channel that confirms; known once the channel has ended. */
  toConfirm = 0;

  /** Takes in what another one has counted. */
  add(other: ChannelStats): void {
    this.published += other.published;
    this.delivered += other.delivered;
    this.deliveredNoAck += other.deliveredNoAck;
    this.got += other.got;
    this.gotNoAck += other.gotNoAck;
    this.gotEmpty += other.gotEmpty;
    this.acked += other.acked;
    this.redelivered += other.redelivered;
    this.deduplicated += other.deduplicated;
    this.confirmed += other.confirmed;
    this.returned += other.returned;
    this.unroutable += other.unroutable;
    this.routed += other.routed;
    this.toConfirm += other.toConfirm;
  }
}

/** Deliveries to a consumer; those that need no ack are in `delivered`, too. */
export class ConsumerStats {
  delivered = 0;
  acked = 0;
  redelivered = 0;
}

/** Publishes: of an exchange, or of one channel to it. */
export class ExchangeStats {
  publishedIn = 0;
  /** Counts a message once for each queue that got it. */
  publishedOut = 0;
  /** Dropped because one with the same deduplication value was published before. */
  deduplicated = 0;
}

/** Messages that were not acknowledged and are in their queue no more, by the reason. */
export class DeathStats {
  rejected = 0;
  expired = 0;
  maxlen = 0;
  delivery_limit = 0;
}

/** Deaths in queues of one type: with a dead-letter exchange to go to, and without. */
export class DeathsByWay {
  readonly lettered: DeathStats = new DeathStats();
  readonly disabled: DeathStats = new DeathStats();
}

/** Messages that went nowhere, by what had sent them on. */
export class DropStats extends DeathStats {
  /** Kept back by a delayed exchange that led nowhere when they were due. */
  due = 0;
}

/** What came and went, and what reached no queue. */
export class BrokerStats {
  connectionsOpened = 0;
  connectionsClosed = 0;
  loginsSucceeded = 0;
  loginsFailed = 0;
  channelsOpened = 0;
  channelsClosed = 0;
  /** Declarations by clients and operators, of queues that were there already as well. */
  queuesDeclared = 0;
  queuesCreated = 0;
  queuesDeleted = 0;
  /** Messages dropped because no queue got them. */
  unroutable = 0;
  /** Mandatory messages given back for that. */
  returned = 0;
  /** Messages that died in their queues, and those of them that no dead-letter exchange brought to a queue. */
  readonly deaths: { readonly classic: DeathsByWay; readonly quorum: DeathsByWay } = {
    classic: new DeathsByWay(),
    quorum: new DeathsByWay(),
  };
  readonly dropped: DropStats = new DropStats();
  /** What channels have counted that have ended. */
  readonly endedChannels: ChannelStats = new ChannelStats();
  /** What connections have taken in and handed over that have ended. */
  receivedChunks = 0;
  receivedBytes = 0;
  sentChunks = 0;
  sentBytes = 0;
  /** Times of queues that are gone. */
  readonly waitTimes: Histogram = new Histogram();
  readonly processingTimes: Histogram = new Histogram();
}
