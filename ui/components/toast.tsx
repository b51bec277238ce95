// Short words about what was done, at the edge of the page, gone by themselves.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';

type Mood = 'good' | 'bad';
interface Saying {
  readonly id: number;
  readonly text: string;
  readonly mood: Mood;
}

const sayings = signal<readonly Saying[]>([]);
const SHOWN_MS = 6000;
let last = 0;

export function say(text: string, mood: Mood = 'good'): void {
  const saying = { id: ++last, text, mood };
  sayings.value = [...sayings.value.slice(-2), saying];
  setTimeout(() => {
    sayings.value = sayings.value.filter(other => other !== saying);
  }, SHOWN_MS);
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {sayings.value.map(({ id, text, mood }) => (
        <p key={id} class={mood}>
          {text}
        </p>
      ))}
    </div>
  );
}
