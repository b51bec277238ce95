// The keys of the page.
import type { JSX } from 'preact';
import { closeDialog, openDialog } from './components/dialog.tsx';
import { togglePause } from './live.ts';
import { link } from './url.ts';
import { type WordId, words } from './words.ts';

/** After `g`: the page that a letter goes to. */
const places: Readonly<Record<string, readonly [path: string, title: string]>> = {
  o: ['overview', 'Overview'],
  q: ['queues', 'Queues'],
  e: ['exchanges', 'Exchanges'],
  n: ['connections', 'Connections'],
  h: ['channels', 'Channels'],
  c: ['consumers', 'Consumers'],
  f: ['flow', 'Flow'],
  t: ['try', 'Try a key'],
  a: ['admin', 'Admin'],
};

const SEQUENCE_MS = 1500;

/** Listens to the keyboard; gives what stops that. */
export function listenToKeys(): () => void {
  let wentAt = Number.NEGATIVE_INFINITY;
  const pressed = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select')) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    const going = event.timeStamp - wentAt < SEQUENCE_MS;
    wentAt = Number.NEGATIVE_INFINITY;
    if (going && places[event.key]) location.hash = link([(places[event.key] as readonly string[])[0] as string]);
    else if (event.key === 'g') wentAt = event.timeStamp;
    else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-filter]')?.focus();
    else if (event.key === 'p') togglePause();
    else if (event.key === '?') showKeys();
    else return;
    event.preventDefault();
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

/** Shows the keys, and all the words that are explained on hover. */
export function showKeys(): void {
  closeDialog();
  openDialog('Keys and words', <Keys />, true);
}

function Keys(): JSX.Element {
  return (
    <div class="keys">
      <dl>
        {[
          ['/', 'Filter the list'],
          ['p', 'Pause the numbers, and go on'],
          ['?', 'This'],
          ['Esc', 'Leave a field, close a dialog'],
          ...Object.entries(places).map(([key, [, title]]) => [`g ${key}`, title]),
        ].map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3>Words</h3>
      <dl class="glossary">
        {(Object.keys(words) as WordId[]).map(id => {
          const word: { says: string; more?: string } = words[id];
          return (
            <div key={id}>
              <dt>{id.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)}</dt>
              <dd>
                {word.says}{' '}
                {word.more && (
                  <a href={word.more} target="_blank" rel="noreferrer" aria-label={`More on ${id}`}>
                    More
                  </a>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}
