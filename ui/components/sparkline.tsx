// A small line of a length over the last minutes, without axes.
import type { JSX } from 'preact';
import type { Line } from '../series.ts';

const WIDTH = 72;
const HEIGHT = 18;

export function Sparkline({ line, label }: { line: Line; label: string }): JSX.Element | null {
  const values = line.values.map(value => value ?? 0);
  if (values.length < 2) return null;
  const most = Math.max(...values, 1);
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    return `${x.toFixed(1)} ${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path class="under" d={`M0 ${HEIGHT}L${points.join('L')}L${WIDTH} ${HEIGHT}z`} />
      <path d={`M${points.join('L')}`} />
    </svg>
  );
}
