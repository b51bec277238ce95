// Tries a message on an exchange: which bindings fit and why, which queues would get it, and what would drop it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, exchangePath, send } from '../api.ts';
import { type Field, Fields, valuesOf } from '../components/fields.tsx';
import { Tag } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { sentence } from '../format.ts';
import { Icon } from '../icons.tsx';
import { exchangeName, tableText } from '../stats.ts';
import type { RouteTest } from '../types.ts';
import { link, setParams, view } from '../url.ts';

export function TryKey({ vhost, exchange }: { vhost: string; exchange: string }): JSX.Element {
  const [result, setResult] = useState<RouteTest | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const fields: Field[] = [
    { name: 'routing_key', label: 'Routing key', kind: 'text', value: view.value.params['key'] ?? '' },
    { name: 'headers', label: 'Headers', kind: 'table' },
    { name: 'mandatory', label: 'Mandatory', kind: 'check', hint: 'The publisher wants it back if no queue gets it.' },
  ];
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      const { routing_key, headers, mandatory } = valuesOf(event.currentTarget as HTMLFormElement, fields);
      setParams({ key: routing_key || undefined });
      setResult(
        await send<RouteTest>('POST', `${exchangePath(vhost, exchange)}/route-test`, {
          routing_key,
          headers,
          mandatory,
        }),
      );
      setProblem(undefined);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  return (
    <div class="try">
      <form class="card" onSubmit={event => void submit(event)}>
        <Fields fields={fields} />
        {problem && (
          <p class="problem" role="alert">
            <Icon name="warn" />
            {problem}
          </p>
        )}
        <button type="submit" class="primary">
          Try it
        </button>
      </form>
      {result && <Outcome vhost={vhost} result={result} />}
    </div>
  );
}

const outcomes = {
  routed: 'It arrives',
  dropped: 'It would be dropped',
  returned: 'It would be returned to the publisher',
};

function Outcome({ vhost, result }: { vhost: string; result: RouteTest }): JSX.Element {
  const { outcome, queues, why } = result;
  // What fits comes first.
  const bindings = [...result.bindings].sort((a, b) => Number(b.matched) - Number(a.matched));
  return (
    <section aria-live="polite">
      <div class={`verdict ${outcome === 'routed' ? 'good' : 'bad'}`}>
        <Icon name={outcome === 'routed' ? 'check' : 'warn'} />
        <div>
          <h3>{outcomes[outcome]}</h3>
          <p>{sentence(why)}.</p>
          {queues.length > 0 && (
            <p>
              {queues.map((name, index) => (
                <span key={name}>
                  {index > 0 && ', '}
                  <a href={link(['queues', vhost, name])}>{name}</a>
                </span>
              ))}
            </p>
          )}
        </div>
      </div>
      {bindings.length > 0 && (
        <Table
          label="Bindings looked at"
          rows={bindings}
          keyOf={binding =>
            `${binding.source} ${binding.destination_type} ${binding.destination} ${binding.properties_key}`
          }
          columns={[
            {
              id: 'to',
              title: 'Binding',
              cell: binding => `${exchangeName(binding.source)} → ${exchangeName(binding.destination)}`,
            },
            { id: 'key', title: 'Routing key', cell: binding => <code>{binding.routing_key}</code> },
            { id: 'arguments', title: 'Arguments', cell: binding => tableText(binding.arguments) },
            {
              id: 'fits',
              title: 'Fits',
              cell: binding => (binding.matched ? <Tag mood="good">yes</Tag> : <Tag>no</Tag>),
            },
            { id: 'why', title: 'Why', cell: binding => sentence(binding.why) },
          ]}
        />
      )}
    </section>
  );
}
