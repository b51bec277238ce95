// A chart over time, with the values of now, or of the moment pointed at, in its legend.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { byteRate, bytes, count, DASH, moment, rate, time } from '../format.ts';
import { align, type Line } from '../series.ts';
import { theme } from '../theme.ts';

/** A line of a chart. */
export interface Series {
  readonly label: string;
  /** Name of the CSS variable of its colour, without the dashes. */
  readonly colour: string;
  readonly line: Line;
  /** Lengths of strokes and gaps, so that lines differ without colour too. */
  readonly dash?: readonly number[];
}

type Unit = 'count' | 'rate' | 'bytes' | 'byteRate';

const formats: Record<Unit, (value: number | null | undefined) => string> = { count, rate, bytes, byteRate };
const HEIGHT = 180;
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map(step => step * 10 ** power)).flat();

interface ChartProps {
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly Series[];
  readonly rangeS: number;
}

export function Chart({ title, unit, series, rangeS }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const { times, values } = align(series.map(({ line }) => line));
  const shape = `${theme.value} ${unit} ${rangeS} ${series.map(({ label, colour }) => label + colour).join()}`;

  useEffect(() => {
    const box = place.current as HTMLDivElement;
    const made = new uPlot(options({ title, unit, series, rangeS }, box, setAt), [times, ...values], box);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    resized.observe(box);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData([times, ...values]);
  });

  const last = times.length - 1;
  const index = at !== null && at <= last ? at : last;
  const format = formats[unit];
  const legend = series.map((one, number) => ({ ...one, text: index < 0 ? DASH : format(values[number]?.[index]) }));
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="when">{at === null || index < 0 ? '' : moment((times[index] as number) * 1000)}</span>
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`${title}: ${legend.map(({ label, text }) => `${label} ${text}`).join(', ')}`}
      />
      <ul class="legend">
        {legend.map(({ label, colour, dash, text }) => (
          <li key={label}>
            <svg class={`ink-${colour}`} viewBox="0 0 18 4" aria-hidden="true">
              <path d="M0 2h18" stroke-dasharray={dash?.join(' ')} />
            </svg>
            {label} <b>{text}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function options(
  { unit, series, rangeS }: ChartProps,
  box: HTMLElement,
  pointed: (at: number | null) => void,
): uPlot.Options {
  const grid = { stroke: colourOf(box, 'line'), width: 1 };
  const axis = { stroke: colourOf(box, 'muted'), font: '11px system-ui, sans-serif', grid, ticks: { show: false } };
  const format = formats[unit];
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: {
        range: (_, __, newest) => {
          const end = newest ?? Date.now() / 1000;
          return [end - rangeS, end];
        },
      },
      y: { range: (_, __, most) => [0, Math.max(most * 1.1, unit === 'rate' ? 1 : 4)] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 70,
        values: (_, splits) => splits.map(at => (rangeS > 3600 ? time(at * 1000).slice(0, 5) : time(at * 1000))),
      },
      {
        ...axis,
        size: 62,
        space: 34,
        // There is no half of a message.
        ...(unit === 'count' ? { incrs: WHOLE_STEPS } : {}),
        values: (_, splits) => splits.map(value => (value === 0 ? '0' : format(value))),
      },
    ],
    series: [
      {},
      ...series.map(({ label, colour, dash }) => ({
        label,
        stroke: colourOf(box, colour),
        width: 1.5,
        ...(dash ? { dash: [...dash] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [({ cursor }) => pointed(cursor.idx ?? null)] },
  };
}

/** The colour that a variable stands for, here: a canvas does not know variables. */
function colourOf(box: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.className = `ink-${name}`;
  box.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
