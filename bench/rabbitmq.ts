// How to run a RabbitMQ node of the benchmark's own: default settings, but with its folder, ports and name for itself.
import { writeFileSync } from 'node:fs';
import { isExecutable, listenerPid, programName, programPath } from './machine.ts';

/** Where Debian keeps the script that does not switch users; the wrapper on the path would. */
const debianScript = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** RabbitMQ's start script, or undefined when it is not installed. */
export function rabbitmqScript(): string | undefined {
  return isExecutable(debianScript) ? debianScript : programPath('rabbitmq-server');
}

/** Environment of a node on `port` (and `port` + 2 and + 3 for distribution and epmd) with all its files under `folder`. */
export function rabbitmqEnvironment(port: number, folder: string): NodeJS.ProcessEnv {
  writeFileSync(`${folder}/plugins`, '[].\n');
  writeFileSync(`${folder}/rabbitmq.conf`, '');
  return {
    ...process.env,
    HOME: folder,
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(port + 2),
    RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
    RABBITMQ_LOG_BASE: `${folder}/log`,
    RABBITMQ_PID_FILE: `${folder}/pid`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
    RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq.conf`,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(port + 3),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
}

/** Ends the name server that Erlang started for the node and leaves behind. */
export function stopNameServer(port: number): void {
  const pid = listenerPid(port + 3);
  if (pid !== undefined && programName(pid) === 'epmd') process.kill(pid);
}
