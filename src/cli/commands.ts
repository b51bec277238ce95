// Every command of the command line: its summary, the group it stands in, and where it is loaded from, alone.
import type { Command } from 'commander';

/** A command by what is known of it without loading it. */
export interface CommandEntry {
  readonly group: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const broker = 'The broker:';
const messages = 'Messages:';
const objects = 'What there is:';
const people = 'People:';
const other = 'Other:';

/** The commands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  start: {
    group: broker,
    summary: 'start a broker',
    load: async () => (await import('./start.ts')).startCommand(),
  },
  status: {
    group: broker,
    summary: 'show how the broker is and what it has',
    load: async () => (await import('./status.ts')).statusCommand(),
  },
  top: {
    group: broker,
    summary: 'watch queues and workers live',
    load: async () => (await import('./top/top.ts')).topCommand(),
  },
  events: {
    group: broker,
    summary: 'tell what happens to the broker while it happens',
    load: async () => (await import('./events.ts')).eventsCommand(),
  },
  doctor: {
    group: broker,
    summary: 'look for what is wrong with the settings, the disk, the limits, the clock, the ports',
    load: async () => (await import('./doctor/doctor.ts')).doctorCommand(),
  },
  ping: {
    group: broker,
    summary: 'whether the broker answers and is well, for health checks',
    load: async () => (await import('./ping.ts')).pingCommand(),
  },
  publish: {
    group: messages,
    summary: 'publish a message, or every line of the input',
    load: async () => (await import('./publish.ts')).publishCommand(),
  },
  consume: {
    group: messages,
    summary: "run a command for every message of a queue, the message on the command's input",
    load: async () => (await import('./consume.ts')).consumeCommand(),
  },
  get: {
    group: messages,
    summary: 'get messages from a queue',
    load: async () => (await import('./get.ts')).getCommand(),
  },
  peek: {
    group: messages,
    summary: 'look at the messages of a queue without touching them',
    load: async () => (await import('./peek.ts')).peekCommand(),
  },
  move: {
    group: messages,
    summary: 'move messages to another queue',
    load: async () => (await import('./move.ts')).moveCommand(),
  },
  replay: {
    group: messages,
    summary: 'send dead letters back to where they came from',
    load: async () => (await import('./replay.ts')).replayCommand(),
  },
  delayed: {
    group: messages,
    summary: 'list, cancel, reschedule and release delayed messages',
    load: async () => (await import('./delayed.ts')).delayedCommand(),
  },
  'take-back': {
    group: messages,
    summary: 'take tasks back from a stuck worker',
    load: async () => (await import('./take-back.ts')).takeBackCommand(),
  },
  trace: {
    group: messages,
    summary: 'send copies of all that happens to messages to amq.rabbitmq.trace, or stop it',
    load: async () => (await import('./trace.ts')).traceCommand(),
  },
  purge: {
    group: messages,
    summary: 'throw away what waits in a queue',
    load: async () => (await import('./purge.ts')).purgeCommand(),
  },
  list: {
    group: objects,
    summary: 'list queues, connections, channels, consumers, workers, exchanges, bindings and more',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  declare: {
    group: objects,
    summary: 'make a queue, an exchange or a binding',
    load: async () => (await import('./declare.ts')).declareCommand(),
  },
  delete: {
    group: objects,
    summary: 'delete a queue, an exchange or a binding',
    load: async () => (await import('./delete.ts')).deleteCommand(),
  },
  policies: {
    group: objects,
    summary: 'list, set and delete policies',
    load: async () => (await import('./policies.ts')).policiesCommand('policies'),
  },
  'operator-policies': {
    group: objects,
    summary: 'list, set and delete operator policies, which set bounds to policies and arguments',
    load: async () => (await import('./policies.ts')).policiesCommand('operator-policies'),
  },
  limits: {
    group: objects,
    summary: 'list, set and lift limits of virtual hosts and users',
    load: async () => (await import('./limits.ts')).limitsCommand(),
  },
  parameters: {
    group: objects,
    summary: 'list, set and delete parameters',
    load: async () => (await import('./parameters.ts')).parametersCommand(),
  },
  close: {
    group: objects,
    summary: 'close a connection, or all of a user',
    load: async () => (await import('./close.ts')).closeCommand(),
  },
  users: {
    group: people,
    summary: 'list, add, change and delete users',
    load: async () => (await import('./users.ts')).usersCommand(),
  },
  permissions: {
    group: people,
    summary: 'list, set and delete permissions',
    load: async () => (await import('./permissions.ts')).permissionsCommand(),
  },
  'topic-permissions': {
    group: people,
    summary: 'list, set and delete topic permissions',
    load: async () => (await import('./topic-permissions.ts')).topicPermissionsCommand(),
  },
  vhosts: {
    group: people,
    summary: 'list, add and delete virtual hosts',
    load: async () => (await import('./vhosts.ts')).vhostsCommand(),
  },
  export: {
    group: other,
    summary: 'write all definitions to a file',
    load: async () => (await import('./definitions.ts')).exportCommand(),
  },
  import: {
    group: other,
    summary: 'take definitions from a file',
    load: async () => (await import('./definitions.ts')).importCommand(),
  },
  completion: {
    group: other,
    summary: 'print what makes a shell complete the commands of leveret',
    load: async () => (await import('./completion.ts')).completionCommand(),
  },
};
