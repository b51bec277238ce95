// The settings that say where and how things are kept, and the log.
import { boolean, bytes, choice, integer, text } from '../config-value.ts';
import type { Keys } from './key.ts';

/** How much the log tells; each level includes those after it. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'none';

/** When a confirm is sent: `commit` when the message is on the disk, `interval` and `os` when it is handed to the system. */
export type SyncMode = 'commit' | 'interval' | 'os';

const MiB = 2 ** 20;
const LEVELS: Record<string, LogLevel> = {
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  alert: 'error',
  emergency: 'error',
  none: 'none',
};

export interface KeepingValues {
  dataDir: string;
  memory: boolean;
  logLevel: LogLevel;
  sync: SyncMode;
  syncIntervalMs: number;
  memoryBudgetBytes: number;
  segmentBytes: number;
}

/** In the order of the help. */
export const keepingKeys: Keys<KeepingValues> = {
  dataDir: {
    key: 'data_dir',
    env: ['LEVERET_DATA_DIR'],
    flag: '--data-dir <folder>',
    kind: text,
    fallback: './leveret-data',
    help: 'where durable things are kept',
  },
  memory: {
    key: 'memory',
    env: ['LEVERET_MEMORY'],
    flag: '--memory',
    kind: boolean,
    fallback: false,
    help: 'no disk at all: everything is gone when it stops',
  },
  logLevel: {
    key: 'log.level',
    aliases: ['log.console.level'],
    env: ['LEVERET_LOG_LEVEL'],
    flag: '--log-level <level>',
    kind: choice(LEVELS),
    fallback: 'info',
    help: 'debug, info, warning, error or none',
  },
  sync: {
    key: 'sync',
    env: ['LEVERET_SYNC'],
    flag: '--sync <mode>',
    kind: choice<SyncMode>({ commit: 'commit', interval: 'interval', os: 'os' }),
    fallback: 'commit',
    help: 'a confirm means: on the disk (commit), on it within sync_interval_ms (interval), handed to the system (os)',
  },
  syncIntervalMs: {
    key: 'sync_interval_ms',
    env: ['LEVERET_SYNC_INTERVAL_MS'],
    kind: integer(1, 60_000),
    fallback: 200,
    help: 'milliseconds between syncs in mode interval',
  },
  memoryBudgetBytes: {
    key: 'memory_budget',
    env: ['LEVERET_MEMORY_BUDGET'],
    flag: '--memory-budget <bytes>',
    kind: bytes(MiB, 2 ** 40),
    fallback: 96 * MiB,
    fallbackShown: '96MiB',
    help: 'message bodies kept in memory; the rest waits on the disk',
  },
  segmentBytes: {
    key: 'segment_size',
    env: ['LEVERET_SEGMENT_SIZE'],
    kind: bytes(MiB, 2 ** 30),
    fallback: 64 * MiB,
    fallbackShown: '64MiB',
    help: "size of the journal's files",
  },
};
