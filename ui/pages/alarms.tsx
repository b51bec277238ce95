// The alarms that are on and why, and the drill that sets one by hand.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { Section, Tag } from '../components/parts.tsx';
import { sentence } from '../format.ts';
import { isAdministrator } from '../session.ts';
import type { Alarm } from '../types.ts';

const setters: Readonly<Record<Alarm['set_by'], string>> = {
  watermark: 'by the watermark',
  operator: 'by hand',
  journal: 'by the journal',
};

export function AlarmsSection({ alarms }: { alarms: readonly Alarm[] }): JSX.Element {
  return (
    <Section
      title="Alarms"
      actions={
        isAdministrator.value && (
          <button type="button" class="small" onClick={drill}>
            Drill
          </button>
        )
      }
    >
      {alarms.length === 0 ? (
        <p class="muted">None is on: publishers go on.</p>
      ) : (
        <ul class="alarms" aria-label="Alarms">
          {alarms.map(alarm => (
            <AlarmLine key={`${alarm.resource} ${alarm.set_by}`} alarm={alarm} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function AlarmLine({ alarm: { resource, set_by, reason } }: { alarm: Alarm }): JSX.Element {
  return (
    <li>
      <Tag mood="bad">{resource}</Tag> {sentence(reason)}; set {setters[set_by]}.{' '}
      {set_by === 'operator' && isAdministrator.value && (
        <button type="button" class="small" onClick={() => end(resource)}>
          End it
        </button>
      )}
    </li>
  );
}

function drill(): void {
  openForm({
    title: 'Set an alarm by hand',
    verb: 'Set the alarm',
    danger: true,
    intro: (
      <p>
        All publishers are blocked until you end it, as if the broker ran out of it. Consumers go on, and their
        acknowledgements count.
      </p>
    ),
    fields: [
      {
        name: 'resource',
        label: 'Of',
        kind: 'select',
        options: [
          { value: 'memory', label: 'Memory' },
          { value: 'disk', label: 'Disk' },
        ],
      },
    ],
    act: async ({ resource }) => {
      await send('PUT', api`alarms/${resource}`, { set: true });
      return `Set the ${resource} alarm.`;
    },
  });
}

function end(resource: string): void {
  openForm({
    title: `End the ${resource} alarm?`,
    verb: 'End the alarm',
    intro: <p>Publishers go on, unless something else stops them.</p>,
    fields: [],
    act: async () => {
      await send('DELETE', api`alarms/${resource}`);
      return `Ended the ${resource} alarm.`;
    },
  });
}
