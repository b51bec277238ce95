// Small parts that many pages are made of: headings with a path, facts, tabs, tags, the period of charts.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { count } from '../format.ts';
import { RANGES } from '../series.ts';
import { link, setParams, view } from '../url.ts';
import type { WordId } from '../words.ts';
import { CopyButton } from './copy.tsx';
import { Term } from './term.tsx';

/** The head of a page: where it stands, its name, and what can be done. `copy` is a name worth copying. */
export function Head(props: {
  title: string;
  trail?: readonly { title: string; path: readonly string[]; vhost?: string }[];
  copy?: string;
  actions?: ComponentChildren;
}): JSX.Element {
  const { title, trail = [], copy, actions } = props;
  useEffect(() => {
    document.title = `${title} · Leveret`;
  }, [title]);
  return (
    <header class="head">
      <div>
        {trail.length > 0 && (
          <nav class="trail" aria-label="Breadcrumb">
            {trail.map(({ title, path, vhost }) => (
              <a key={title} href={link(path, vhost === undefined ? {} : { vhost })}>
                {title}
              </a>
            ))}
          </nav>
        )}
        <h1>
          <span>{title}</span>
          {copy !== undefined && copy !== '' && <CopyButton text={copy} what="the name" />}
        </h1>
      </div>
      {actions && <div class="actions">{actions}</div>}
    </header>
  );
}

/** Names with values. An undefined value leaves its fact out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren, WordId?])[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value, word]) => (
          <div key={name}>
            <dt>{word ? <Term word={word}>{name}</Term> : name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** The few numbers that matter, large. */
export function Figures({
  figures,
}: {
  figures: readonly { name: string; value: string; word?: WordId; colour?: string; wide?: boolean }[];
}): JSX.Element {
  return (
    <dl class="figures">
      {figures.map(({ name, value, word, colour, wide }) => (
        <div key={name} class={`${colour ? `mark-${colour}` : ''} ${wide ? 'wide' : ''}`}>
          <dt>{word ? <Term word={word}>{name}</Term> : name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The tabs of a page; which one is shown is in the address. */
export function Tabs({
  tabs,
}: {
  tabs: readonly { id: string; title: string; body: () => ComponentChildren }[];
}): JSX.Element {
  const asked = view.value.params['tab'];
  const open = tabs.find(({ id }) => id === asked) ?? tabs[0];
  return (
    <>
      <nav class="tabs" aria-label="Parts">
        {tabs.map(({ id, title }) => (
          <a key={id} href={link(view.value.path, { tab: id })} aria-current={id === open?.id ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="tab-body" key={open?.id}>
        {open?.body()}
      </div>
    </>
  );
}

/** A count in its own colour; zero is dim, so that what is there stands out. */
export function Amount({ of, colour }: { of: number | undefined; colour: 'ready' | 'unacked' }): JSX.Element {
  return <b class={of ? `ink-${colour}` : 'zero'}>{count(of)}</b>;
}

export function Tag({
  children,
  title,
  mood,
}: {
  children: ComponentChildren;
  title?: string;
  mood?: 'good' | 'warn' | 'bad';
}): JSX.Element {
  return (
    <span class={`tag ${mood ?? ''}`} title={title}>
      {children}
    </span>
  );
}

/** Chooses the period of the charts of a page. */
export function RangePicker(): JSX.Element {
  const chosen = range();
  return (
    <fieldset class="segments">
      <legend class="unseen">Period</legend>
      {RANGES.map(({ id, label }) => (
        <label key={id}>
          <input
            type="radio"
            name="range"
            checked={id === chosen.id}
            onChange={() => setParams({ range: id === '1m' ? undefined : id })}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

/** The period that the address names. */
export function range(): (typeof RANGES)[number] {
  const asked = view.value.params['range'];
  return RANGES.find(({ id }) => id === asked) ?? (RANGES[0] as (typeof RANGES)[number]);
}

/** RabbitMQ's parameters that ask for samples of that period, for each kind named. */
export function samplesOf(...kinds: readonly ('lengths' | 'msg_rates' | 'data_rates')[]): Record<string, number> {
  const { ageS, stepS } = range();
  return Object.fromEntries(
    kinds.flatMap(kind => [
      [`${kind}_age`, ageS],
      [`${kind}_incr`, stepS],
    ]),
  );
}

/** A part of a page under its own heading. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="section">
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}
