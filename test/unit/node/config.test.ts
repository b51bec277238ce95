// Settings: where they come from, which one wins, and how mistakes are told.
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { type Config, ConfigError, loadConfig } from '../../../src/node/config.ts';
import type { Sources } from '../../../src/node/settings.ts';

const file = (content: string): Sources => ({ file: { name: 'leveret.conf', content } });
const load = (content: string): Config => loadConfig(file(content)).config;
const problems = (sources: Sources): string[] => {
  try {
    loadConfig(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
};

it('without any setting it is what the documents say', () => {
  const { config, warnings } = loadConfig();
  expect(warnings).toEqual([]);
  expect(JSON.parse(JSON.stringify(config))).toEqual({
    listeners: [{ host: '127.0.0.1', port: 5672 }],
    management: { host: '127.0.0.1', port: 15672 },
    prometheus: { host: '127.0.0.1', port: 15692 },
    prometheusIsAskedFor: false,
    dataDir: './leveret-data',
    logLevel: 'info',
    sync: 'commit',
    syncIntervalMs: 200,
    memoryBudgetBytes: 100_663_296,
    memoryWatermark: 0.6,
    memoryWatermarkBytes: null,
    diskFreeLimit: 0,
    diskFreeLimitBytes: 50_000_000,
    segmentBytes: 67_108_864,
    heartbeatS: 60,
    frameBytesMax: 131_072,
    channelMax: 2047,
    handshakeTimeoutMs: 10_000,
    outputTimeoutMs: 60_000,
    passwordHashing: 'scrypt',
    messageBytesMax: 134_217_728,
    connectionsMax: null,
    consumerTimeoutMs: null,
    channelsMax: null,
    consumersMax: null,
    vhostsMax: null,
    queuesMax: null,
    exchangesMax: null,
    product: 'RabbitMQ',
    productVersion: '3.13.7',
    defaultVhost: '/',
    firstUser: {
      name: 'guest',
      password: '(hidden)',
      tags: ['administrator'],
      permission: { configure: '.*', write: '.*', read: '.*' },
    },
    loopbackUsers: ['guest'],
    users: [],
    vhosts: [],
    permissions: [],
    topicPermissions: [],
  });
});

it('flags win over environment, environment over file, a later line over an earlier one', () => {
  const sources: Sources = {
    flags: { logLevel: 'error' },
    env: { LEVERET_LOG_LEVEL: 'debug', LEVERET_HEARTBEAT: '20' },
    ...file('log.level = warning\nheartbeat = 10\nchannel_max = 7\nchannel_max = 8'),
  };
  expect(loadConfig(sources).config).toMatchObject({ logLevel: 'error', heartbeatS: 20, channelMax: 8 });
});

it('loads a file written for RabbitMQ', () => {
  const { config, warnings } = loadConfig(
    file(`
# a usual rabbitmq.conf
listeners.tcp.1 = 127.0.0.1:5672
listeners.tcp.2 = ::1:5672
num_acceptors.tcp = 10
handshake_timeout = 20000
default_vhost = shop
default_user = alice
default_pass = s3cret
default_permissions.configure = ^$
default_user_tags.administrator = false
default_user_tags.monitoring = true
loopback_users.guest = false
heartbeat = 30
frame_max = 65536
vm_memory_calculation_strategy = rss
log.console = true
log.console.level = warning
management.tcp.port = 15673
management.tcp.ip = 0.0.0.0
cluster_name = mine
product.name = RabbitMQ
tcp_listen_options.backlog = 128
`),
  );
  expect(config).toMatchObject({
    listeners: [
      { host: '127.0.0.1', port: 5672 },
      { host: '::1', port: 5672 },
    ],
    management: { host: '0.0.0.0', port: 15673 },
    firstUser: { name: 'alice', tags: ['monitoring'], permission: { configure: '^$', write: '.*' } },
    defaultVhost: 'shop',
    loopbackUsers: [],
    handshakeTimeoutMs: 20_000,
    frameBytesMax: 65_536,
    logLevel: 'warning',
    clusterName: 'mine',
  });
  expect(config.firstUser.password.reveal()).toBe('s3cret');
  expect(warnings).toEqual([
    'leveret.conf:5: num_acceptors.tcp is a setting of RabbitMQ that means nothing to Leveret; it is ignored',
    expect.stringContaining('leveret.conf:16: vm_memory_calculation_strategy'),
    expect.stringContaining('leveret.conf:17: log.console '),
    expect.stringContaining('leveret.conf:23: tcp_listen_options.backlog'),
  ]);
});

it('host or port from outside replace the listeners of the file, each leaving the other alone', () => {
  const content = 'listeners.tcp.default = 10.0.0.1:1000\nlisteners.tcp.2 = 2000';
  expect(load(content).listeners).toEqual([
    { host: '10.0.0.1', port: 1000 },
    { host: '127.0.0.1', port: 2000 },
  ]);
  expect(loadConfig({ ...file(content), flags: { port: '3000' } }).config.listeners).toEqual([
    { host: '10.0.0.1', port: 3000 },
  ]);
  expect(loadConfig({ ...file(content), env: { LEVERET_HOST: '::' } }).config.listeners).toEqual([
    { host: '::', port: 1000 },
  ]);
});

it('management follows the address of AMQP, and can be off', () => {
  expect(loadConfig({ flags: { host: '0.0.0.0' } }).config.management).toEqual({ host: '0.0.0.0', port: 15672 });
  expect(loadConfig({ flags: { managementPort: 'off' } }).config.management).toBeUndefined();
});

it('memory means no data folder', () => {
  expect(loadConfig({ flags: { memory: 'true' } }).config.dataDir).toBeUndefined();
  expect(load('memory = false\ndata_dir = /x').dataDir).toBe('/x');
});

it.each([
  ['memory_budget = 64MiB', 67_108_864],
  ['memory_budget = 64M', 67_108_864],
  ['memory_budget = 2GB', 2_000_000_000],
  ['memory_budget = 2000 kB', 2_000_000],
  ['memory_budget = 2097152', 2_097_152],
])('%s', (line, expected) => expect(load(line).memoryBudgetBytes).toBe(expected));

it("RABBITMQ_DEFAULT_* make the first user, LEVERET_DEFAULT_* win over them, and Kubernetes' own variables are no settings", () => {
  const env = {
    RABBITMQ_DEFAULT_USER: 'docker',
    RABBITMQ_DEFAULT_PASS: 'p',
    RABBITMQ_DEFAULT_VHOST: 'v',
    LEVERET_DEFAULT_VHOST: 'w',
    LEVERET_PORT: 'tcp://10.0.0.1:5672',
    LEVERET_SERVICE_HOST: '10.0.0.1',
    LEVERET_PORT_5672_TCP: 'tcp://10.0.0.1:5672',
    RABBITMQ_NODENAME: 'rabbit@x',
  };
  const { config, warnings } = loadConfig({ env });
  expect(config).toMatchObject({ firstUser: { name: 'docker' }, defaultVhost: 'w', listeners: [{ port: 5672 }] });
  expect(config.firstUser.password.reveal()).toBe('p');
  expect(warnings).toEqual([]);
  expect(loadConfig({ env: { LEVERET_HEARTBEET: '3' } }).warnings).toEqual([
    'environment variable LEVERET_HEARTBEET is not known; did you mean LEVERET_HEARTBEAT?',
  ]);
});

it('a first user named guest may log in from anywhere when somebody asked for it, but not against loopback_users', () => {
  expect(load('default_user = guest\ndefault_pass = x').loopbackUsers).toEqual([]);
  expect(load('default_user = guest\ndefault_pass = x\nloopback_users.guest = true').loopbackUsers).toEqual(['guest']);
  expect(load('loopback_users = none').loopbackUsers).toEqual([]);
  expect(load('loopback_users.bob = true').loopbackUsers).toEqual(['guest', 'bob']);
});

it('users, vhosts and permissions, names with dots among them', () => {
  const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR';
  const config = load(`
users.alice.password = "wonder # land"
users.alice.tags = administrator, monitoring
users."b.ob".password_hash = ${hash}
vhosts."my.vhost" = true
vhosts.off = false
permissions."my.vhost".alice.configure = ^alice\\.
permissions."my.vhost".alice.read = .*
permissions./."b.ob".write = "#"
topic_permissions./.alice."my.events".write = ^{username}\\.
topic_permissions./.alice."my.events".read = .*
`);
  expect(config.vhosts).toEqual(['my.vhost']);
  expect(config.permissions).toEqual([
    { vhost: 'my.vhost', user: 'alice', configure: '^alice\\.', write: '', read: '.*' },
    { vhost: '/', user: 'b.ob', configure: '', write: '#', read: '' },
  ]);
  expect(config.topicPermissions).toEqual([
    { vhost: '/', user: 'alice', exchange: 'my.events', write: '^{username}\\.', read: '.*' },
  ]);
  expect(config.users).toMatchObject([
    { name: 'alice', tags: ['administrator', 'monitoring'] },
    { name: 'b.ob', tags: [], credential: { algorithm: 'rabbit_password_hashing_sha256' } },
  ]);
  const [alice, bob] = config.users;
  expect('password' in alice!.credential && alice!.credential.password.reveal()).toBe('wonder # land');
  expect('passwordHash' in bob!.credential && bob!.credential.passwordHash.reveal()).toBe(hash);
});

it.each([
  ['hartbeat = 1', 'leveret.conf:1: unknown key hartbeat; did you mean heartbeat?'],
  ['management.tcp.prot = 1', 'leveret.conf:1: unknown key management.tcp.prot; did you mean management.tcp.port?'],
  ['user.alice.password = x', 'leveret.conf:1: unknown key user.alice.password; did you mean users.alice.password?'],
  ['users.alice.pasword = x', 'leveret.conf:1: unknown key users.alice.pasword; did you mean users.alice.password?'],
  ['vhosts.my.vhost = true', /unknown key vhosts.my.vhost; a name with dots is written in quotes/],
  ['utterly.different.thing = 1', /unknown key utterly.different.thing; `leveret start --help` lists all keys/],
  ['heartbeat = soon', "leveret.conf:1: heartbeat takes a whole number from 0 to 65535, not 'soon'"],
  ['sync = maybe', "leveret.conf:1: sync takes one of commit, interval, os, not 'maybe'"],
  [
    'listeners.tcp.1 = here',
    /listeners.tcp.1 takes a port, or an address and a port such as 127.0.0.1:5672, not 'here'/,
  ],
  ['\nheartbeat 60', 'leveret.conf:2: the line does not have the form key = value'],
  ['default_user = alice', /default_user is given without default_pass/],
  ['users.alice.tags = x', /leveret.conf:1: .*user 'alice' needs either a password or a password_hash/],
  ['users.a.password_hash = abc', /leveret.conf:1: .*does not have the form of rabbit_password_hashing_sha256/],
  [
    'users.a.password_hash = abc\nusers.a.hashing_algorithm = rot13',
    /hashing_algorithm 'rot13' is not one of scrypt, /,
  ],
  ['permissions./.guest.read = (', /leveret.conf:1: .*the read permission '\(' is not a valid regular expression/],
  ['permissions./.bob.read = .*', /leveret.conf:1: .*has no user 'bob'/],
  ['permissions.v.guest.read = .*', /leveret.conf:1: .*has no vhost 'v'/],
  ['topic_permissions./.guest.x.read = (', /leveret.conf:1: .*the topic permission '\(' is not a valid/],
  ['topic_permissions./.bob.x.read = .*', /leveret.conf:1: .*has no user 'bob'/],
  ['topic_permissions./.guest.a.b.read = .*', /a name with dots is written in quotes/],
])('%s is told', (content, message) => {
  const [first, ...others] = problems(file(content));
  if (typeof message === 'string') expect(first).toBe(message);
  else expect(first).toMatch(message);
  expect(others).toEqual([]);
});

it('names the flag or the variable of a wrong value, and tells all mistakes at once', () => {
  expect(problems({ flags: { port: 'x' }, env: { LEVERET_MEMORY: 'maybe' }, ...file('a = 1') })).toEqual([
    expect.stringContaining('leveret.conf:1: unknown key a'),
    "environment variable LEVERET_MEMORY takes true or false, not 'maybe'",
    "--port takes a whole number from 0 to 65535, not 'x'",
  ]);
});

it('never shows a secret', () => {
  const secretive = file('default_pass = ""\nusers.a.password = \'hush\nusers.b.password_hash = hushhush\n');
  expect(problems(secretive)).toHaveLength(3);
  expect(problems(secretive).join()).not.toContain('hush');
  const { config } = loadConfig(file('default_pass = hush\nusers.a.password = hush'));
  for (const shown of [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    `${config.firstUser.password}`,
  ]) {
    expect(shown).not.toContain('hush');
  }
});
