// Reads a message's body: as JSON tree, text or bytes.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { bytes as asBytes } from '../format.ts';
import { hexDump, jsonOf, payloadBytes, type Reading, textOf } from '../payload.ts';
import { CopyButton } from './copy.tsx';

const titles: Record<Reading, string> = { json: 'JSON', text: 'Text', hex: 'Hex' };

export function Payload(props: {
  payload: string;
  encoding: string;
  bodyBytes: number;
  truncated: boolean;
}): JSX.Element {
  const body = payloadBytes(props.payload, props.encoding);
  const text = textOf(body);
  const json = text === undefined || props.truncated ? undefined : jsonOf(text);
  const [wanted, setWanted] = useState<Reading | undefined>();
  const can: Reading[] = [...(json ? ['json' as const] : []), ...(text === undefined ? [] : ['text' as const]), 'hex'];
  const reading = wanted && can.includes(wanted) ? wanted : (can[0] as Reading);
  return (
    <div class="payload">
      <div class="row">
        <fieldset class="segments">
          <legend class="unseen">Read the body as</legend>
          {can.map(one => (
            <label key={one}>
              <input type="radio" name="reading" checked={one === reading} onChange={() => setWanted(one)} />
              {titles[one]}
            </label>
          ))}
        </fieldset>
        <span class="muted">
          {asBytes(props.bodyBytes)}
          {props.truncated && `, the first ${asBytes(body.length)} shown`}
        </span>
        <CopyButton text={text ?? props.payload} what="the body" />
      </div>
      {reading === 'json' && json ? (
        <div class="tree">
          <Node value={json} open />
        </div>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long body is scrolled by keyboard
        <pre tabIndex={0}>{reading === 'text' ? text : hexDump(body)}</pre>
      )}
    </div>
  );
}

const OPEN_ITEMS = 30;

function Node({ name, value, open }: { name?: string; value: unknown; open?: boolean }): JSX.Element {
  const label = name === undefined ? '' : <span class="json-name">{name}: </span>;
  if (typeof value !== 'object' || value === null) {
    return (
      <div class="leaf">
        {label}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{JSON.stringify(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const [left, right] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div class="leaf">
        {label}
        {left}
        {right}
      </div>
    );
  }
  return (
    <details open={open || entries.length <= OPEN_ITEMS}>
      <summary>
        {label}
        {left}
        <span class="muted">
          {' '}
          {entries.length} {right}
        </span>
      </summary>
      {entries.map(([key, item]) => (
        <Node key={key} name={key} value={item} />
      ))}
    </details>
  );
}
