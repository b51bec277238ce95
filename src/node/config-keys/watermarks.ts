// The settings that say when publishers are stopped for memory or disk.
import { bytes, fraction } from '../config-value.ts';
import type { Keys } from './key.ts';

const most = 2 ** 50;

export interface WatermarkValues {
  /** Of the memory that the process may have. */
  memoryWatermark: number;
  /** Infinity: the relative one holds. */
  memoryWatermarkBytes: number;
  diskFreeLimitBytes: number;
  /** Of the memory that the process may have; 0: the absolute one holds. */
  diskFreeLimit: number;
}

/** In the order of the help. */
export const watermarkKeys: Keys<WatermarkValues> = {
  memoryWatermark: {
    key: 'vm_memory_high_watermark.relative',
    env: ['LEVERET_VM_MEMORY_HIGH_WATERMARK_RELATIVE'],
    kind: fraction(1),
    fallback: 0.6,
    help: "part of the machine's memory, or of the container's, that the process may have before publishers are stopped",
  },
  memoryWatermarkBytes: {
    key: 'vm_memory_high_watermark.absolute',
    env: ['LEVERET_VM_MEMORY_HIGH_WATERMARK_ABSOLUTE'],
    kind: bytes(0, most),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'the relative one',
    help: 'the same in bytes',
  },
  diskFreeLimitBytes: {
    key: 'disk_free_limit.absolute',
    env: ['LEVERET_DISK_FREE_LIMIT_ABSOLUTE'],
    kind: bytes(0, most),
    fallback: 50_000_000,
    fallbackShown: '50MB',
    help: 'room on the disk of the data folder below which publishers are stopped',
  },
  diskFreeLimit: {
    key: 'disk_free_limit.relative',
    env: ['LEVERET_DISK_FREE_LIMIT_RELATIVE'],
    kind: fraction(100),
    fallback: 0,
    fallbackShown: 'the absolute one',
    help: 'the same as a multiple of the memory that there is',
  },
};
