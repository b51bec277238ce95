// A word with its explanation, shown on hover and on focus.
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { type Word, type WordId, words } from '../words.ts';

const shown = signal<{ word: Word; at: DOMRect } | undefined>(undefined);
const LINGER_MS = 200;

/** Marks a word that is explained. Inside of a button it takes no focus of its own. */
export function Term({
  word,
  plain,
  children,
}: {
  word: WordId;
  plain?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <span class="term" data-word={word} tabIndex={plain ? undefined : 0}>
      {children}
    </span>
  );
}

/** The one bubble of the page. */
export function TermBubble(): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let leaving: ReturnType<typeof setTimeout> | undefined;
    const over = (event: Event): void => {
      const target = event.target as Element;
      if (box.current?.contains(target)) return clearTimeout(leaving);
      const marked =
        target.closest('[data-word]') ?? (event.type === 'focusin' ? target.querySelector('[data-word]') : null);
      clearTimeout(leaving);
      const word = marked?.getAttribute('data-word') as WordId | undefined;
      if (marked && word) shown.value = { word: words[word], at: marked.getBoundingClientRect() };
      else if (shown.value) leaving = setTimeout(hide, LINGER_MS);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') hide();
    };
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', over);
    document.addEventListener('keydown', key);
    document.addEventListener('scroll', hide, true);
    return () => {
      document.removeEventListener('pointerover', over);
      document.removeEventListener('focusin', over);
      document.removeEventListener('keydown', key);
      document.removeEventListener('scroll', hide, true);
    };
  }, []);
  const now = shown.value;
  useLayoutEffect(() => {
    if (!box.current || !now) return;
    const { offsetWidth: width, offsetHeight: height } = box.current;
    const below = now.at.bottom + 6;
    box.current.style.left = `${Math.max(8, Math.min(now.at.left, innerWidth - width - 8))}px`;
    box.current.style.top = `${below + height > innerHeight ? now.at.top - height - 6 : below}px`;
  }, [now]);
  if (!now) return null;
  return (
    <div ref={box} class="bubble" role="tooltip">
      {now.word.says}
      {now.word.more && (
        <a href={now.word.more} target="_blank" rel="noreferrer">
          More
        </a>
      )}
    </div>
  );
}

function hide(): void {
  shown.value = undefined;
}
