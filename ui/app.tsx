// The frame of the page: the rail, the bar about the stream, and the page that the address names.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { loggedOut } from './api.ts';
import { DialogHost } from './components/dialog.tsx';
import { Empty } from './components/states.tsx';
import { TermBubble } from './components/term.tsx';
import { say, Toasts } from './components/toast.tsx';
import { time } from './format.ts';
import { Icon, type IconName } from './icons.tsx';
import { listenToKeys, showKeys } from './keys.tsx';
import { lastDataAt, streamState, togglePause } from './live.ts';
import { AdminPage } from './pages/admin.tsx';
import { ChannelPage } from './pages/channel.tsx';
import { ChannelsPage } from './pages/channels.tsx';
import { ConnectionPage } from './pages/connection.tsx';
import { ConnectionsPage } from './pages/connections.tsx';
import { ConsumersPage } from './pages/consumers.tsx';
import { ExchangePage } from './pages/exchange.tsx';
import { ExchangesPage } from './pages/exchanges.tsx';
import { FlowPage } from './pages/flow.tsx';
import { LoginPage } from './pages/login.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { QueuePage } from './pages/queue.tsx';
import { QueuesPage } from './pages/queues.tsx';
import { TryPage } from './pages/try.tsx';
import { isPolicymaker, logout, user, vhosts } from './session.ts';
import { nextTheme, theme } from './theme.ts';
import { link, setParams, view } from './url.ts';

const rail: readonly (readonly [path: string, title: string, icon: IconName])[] = [
  ['overview', 'Overview', 'overview'],
  ['queues', 'Queues', 'queues'],
  ['exchanges', 'Exchanges', 'exchanges'],
  ['connections', 'Connections', 'connections'],
  ['channels', 'Channels', 'channels'],
  ['consumers', 'Consumers', 'consumers'],
  ['flow', 'Flow', 'flow'],
];

export function App(): JSX.Element {
  useEffect(listenToKeys, []);
  return (
    <>
      {loggedOut.value || !user.value ? <LoginPage /> : <Frame />}
      <DialogHost />
      <Toasts />
      <TermBubble />
    </>
  );
}

function Frame(): JSX.Element {
  const { path } = view.value;
  const here = path[0] ?? 'overview';
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <aside class="rail">
        <a class="brand" href={link(['overview'])} aria-label="Leveret">
          <img src="./icon.svg" alt="" width="22" height="22" />
          <span>Leveret</span>
        </a>
        <VhostSwitch />
        <nav aria-label="Pages">
          {rail.map(([id, title, icon]) => (
            <RailLink key={id} id={id} title={title} icon={icon} here={here} />
          ))}
          {isPolicymaker.value && <RailLink id="admin" title="Admin" icon="admin" here={here} />}
        </nav>
        <Foot />
      </aside>
      <main id="main" tabIndex={-1} class={streamState.value === 'lost' ? 'stale' : ''}>
        <StreamBar />
        <Page path={path} />
      </main>
    </div>
  );
}

function Page({ path }: { path: readonly string[] }): JSX.Element {
  const [kind = 'overview', vhost, name] = path;
  const key = path.join('/');
  if (name !== undefined && vhost !== undefined) {
    if (kind === 'queues') return <QueuePage key={key} vhost={vhost} name={name} />;
    if (kind === 'exchanges') return <ExchangePage key={key} vhost={vhost} name={name} />;
  }
  if (vhost !== undefined) {
    if (kind === 'connections') return <ConnectionPage key={key} name={vhost} />;
    if (kind === 'channels') return <ChannelPage key={key} name={vhost} />;
  }
  switch (kind) {
    case 'overview':
      return <OverviewPage />;
    case 'queues':
      return <QueuesPage />;
    case 'exchanges':
      return <ExchangesPage />;
    case 'connections':
      return <ConnectionsPage />;
    case 'channels':
      return <ChannelsPage />;
    case 'consumers':
      return <ConsumersPage />;
    case 'flow':
      return <FlowPage />;
    case 'try':
      return <TryPage />;
    case 'admin':
      return <AdminPage path={path.slice(1)} />;
    default:
      return (
        <Empty title="There is no such page">
          <p>
            The address names “{kind}”. <a href={link(['overview'])}>Go to the overview</a>
          </p>
        </Empty>
      );
  }
}

function RailLink({ id, title, icon, here }: { id: string; title: string; icon: IconName; here: string }): JSX.Element {
  const place = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // On a phone the rail is a bar that has not room for all.
    if (here === id) place.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [here, id]);
  return (
    <a ref={place} href={link([id])} aria-current={here === id ? 'page' : undefined}>
      <Icon name={icon} />
      <span>{title}</span>
    </a>
  );
}

function VhostSwitch(): JSX.Element {
  const chosen = view.value.params['vhost'] ?? '';
  return (
    <label class="vhost">
      <span>Virtual host</span>
      <select
        aria-label="Virtual host"
        value={chosen}
        onChange={event => setParams({ vhost: event.currentTarget.value, page: undefined }, true)}
      >
        <option value="">All</option>
        {vhosts.value.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Foot(): JSX.Element {
  return (
    <div class="foot">
      <PauseButton />
      <button
        type="button"
        class="quiet"
        title={`Theme: ${theme.value}`}
        aria-label={`Theme: ${theme.value}. Change`}
        onClick={nextTheme}
      >
        <Icon name="theme" />
      </button>
      <button type="button" class="quiet" title="Keys and words (?)" aria-label="Keys and words" onClick={showKeys}>
        <Icon name="keys" />
      </button>
      <a
        class="button quiet"
        title="The API's description"
        aria-label="The API's description"
        href="./api/openapi.json"
        target="_blank"
        rel="noreferrer"
      >
        <Icon name="docs" />
      </a>
      <button
        type="button"
        class="quiet"
        title={`Log ${user.value?.name} out`}
        aria-label={`Log ${user.value?.name} out`}
        onClick={() => logout().catch((error: Error) => say(`You are still logged in. ${error.message}`, 'bad'))}
      >
        <Icon name="logout" />
      </button>
      <span class="who">{user.value?.name}</span>
    </div>
  );
}

function PauseButton(): JSX.Element {
  const paused = streamState.value === 'paused';
  const says = paused ? 'Let the numbers go on (p)' : 'Pause the numbers (p)';
  return (
    <button type="button" class="quiet" title={says} aria-label={says} aria-pressed={paused} onClick={togglePause}>
      <Icon name={paused ? 'play' : 'pause'} />
    </button>
  );
}

function StreamBar(): JSX.Element | null {
  const state = streamState.value;
  if (state === 'live') return null;
  return (
    <p class={`stream-bar ${state}`} role="status">
      <Icon name={state === 'lost' ? 'warn' : 'pause'} />
      {state === 'lost'
        ? `The connection to the broker is lost. What you see is of ${time(lastDataAt.value)}; trying again.`
        : `Paused at ${time(lastDataAt.value)}. Press p to go on.`}
    </p>
  );
}

function skip(): void {
  document.getElementById('main')?.focus();
}
