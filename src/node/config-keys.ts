// Every setting there is, as data: its key, its flag, its environment variable, what it takes and what it is without one.
import { type BeginningValues, beginningKeys } from './config-keys/beginning.ts';
import { type KeepingValues, keepingKeys } from './config-keys/keeping.ts';
import type { Keys } from './config-keys/key.ts';
import { type LimitValues, limitsKeys } from './config-keys/limits.ts';
import { type ListeningValues, listeningKeys } from './config-keys/listening.ts';
import { type WatermarkValues, watermarkKeys } from './config-keys/watermarks.ts';

export type { LogLevel, SyncMode } from './config-keys/keeping.ts';
export type { Key, NamedKey } from './config-keys/key.ts';
export { NAMED_KEYS } from './config-keys/named.ts';

/** The settings that have one value each. */
export interface Values extends ListeningValues, KeepingValues, WatermarkValues, LimitValues, BeginningValues {}

/** The settings with one value, in the order of the help. */
export const KEYS: Keys<Values> = {
  ...listeningKeys,
  ...keepingKeys,
  ...watermarkKeys,
  ...limitsKeys,
  ...beginningKeys,
};
