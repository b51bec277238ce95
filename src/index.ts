// The public library: starts a broker inside a Node process.
export { ConfigError } from './node/config.ts';
export { type BrokerOptions, type EmbeddedBroker, startBroker, type UserOption } from './node/embedding.ts';
export type { Log } from './node/logging.ts';
