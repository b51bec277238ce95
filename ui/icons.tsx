// The page's icons, drawn in lines of the text's colour.
import type { JSX } from 'preact';

const paths = {
  overview: 'M3 12l3-4 3 2 4-6M3 3v10h10',
  queues: 'M3 4h10M3 8h10M3 12h6',
  exchanges: 'M3 8h4l3-4h3M7 8l3 4h3',
  connections: 'M6 5L4 7a2.8 2.8 0 004 4l1-1M10 11l2-2a2.800 2.800 0 00-4-4L7 6',
  channels: 'M2 6c3-3 3 3 6 0s3 3 6 0M2 10c3-3 3 3 6 0s3 3 6 0',
  consumers: 'M8 8a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM3 14c0-3 2-4.500 5-4.500s5 1.500 5 4.500',
  flow: 'M2 4h3M2 12h3M11 8h3M5 4c4 0 2 4 6 4M5 12c4 0 2-4 6-4',
  admin: 'M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z',
  theme: 'M8 2a6 6 0 100 12A6 6 0 008 2zM8 2v12',
  keys: 'M2 4.500h12v7H2zM4.500 7h.01M7 7h.01M9.500 7h.01M12 7h.01M5 9.500h6',
  docs: 'M4 2h6l3 3v9H4zM6.500 7h4M6.500 10h4',
  logout: 'M6 3H3v10h3M7 8h6M11 5.500L13.500 8 11 10.500',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  check: 'M3 8.500l3 3 7-7',
  warn: 'M8 2.500l6 11H2zM8 7v3M8 12h.01',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3l8 5-8 5z',
  search: 'M7 12A5 5 0 107 2a5 5 0 000 10zM11 11l3 3',
  back: 'M10 3L5 8l5 5',
  next: 'M6 3l5 5-5 5',
  empty: 'M2 9l2-6h8l2 6v4H2zM2 9h4l1 2h2l1-2h4',
  lock: 'M4 7h8v7H4zM5.500 7V5a2.500 2.500 0 015 0v2',
  fault: 'M8 14A6 6 0 108 2a6 6 0 000 12zM8 5v3.500M8 11h.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
