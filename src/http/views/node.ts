// This node as RabbitMQ shows one: what means something here, and zeros for what Erlang alone has.
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ofChurn, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import { exchangeTypesView } from './exchange.ts';
import { contextView } from './overview.ts';
import type { Rates } from './rates.ts';

/** Counters of Erlang's files and tables: nothing is counted under these names. */
const absent = [
  'gc_num gc_bytes_reclaimed context_switches io_read_count io_read_bytes io_read_avg_time io_write_count io_write_bytes',
  'io_write_avg_time io_sync_count io_sync_avg_time io_seek_count io_seek_avg_time io_reopen_count mnesia_ram_tx_count',
  'mnesia_disk_tx_count msg_store_read_count msg_store_write_count queue_index_write_count queue_index_read_count',
].flatMap(line => line.split(' '));

export function nodeView(management: Management, rates: Rates): object {
  const { node, broker, connections, dataDir, watermarks, session } = management;
  const files = fileLimits();
  const disk = dataDir === undefined ? undefined : statfsSync(dataDir);
  return {
    partitions: [],
    os_pid: String(process.pid),
    fd_total: files.max,
    sockets_total: files.max,
    mem_limit: watermarks.memoryBytes,
    mem_alarm: session.alarms.has('memory'),
    disk_free_limit: watermarks.diskBytes,
    disk_free_alarm: session.alarms.has('disk'),
    proc_total: 1,
    rates_mode: 'basic',
    uptime: Math.round(process.uptime() * 1000),
    run_queue: 0,
    processors: availableParallelism(),
    exchange_types: exchangeTypesView(),
    auth_mechanisms: [
      { name: 'PLAIN', description: 'SASL PLAIN authentication mechanism', enabled: true },
      { name: 'AMQPLAIN', description: 'QPid AMQPLAIN mechanism', enabled: true },
    ],
    applications: [{ name: 'leveret', description: 'Leveret', version: management.version }],
    contexts: [contextView(management)],
    log_files: ['<stderr>'],
    db_dir: dataDir ?? '',
    config_files: [],
    net_ticktime: 60,
    enabled_plugins: ['rabbitmq_management'],
    mem_calculation_strategy: 'rss',
    ra_open_file_metrics: { ra_log_wal: 0, ra_log_segment_writer: 0 },
    name: node,
    type: dataDir === undefined ? 'ram' : 'disc',
    running: true,
    cluster_links: [],
    metrics_gc_queue_length: {},
    ...rates.all(broker, 'data_rates', {
      mem_used: process.memoryUsage.rss(),
      fd_used: files.used,
      sockets_used: connections.size,
      proc_used: 1,
      disk_free: disk === undefined ? 0 : disk.bavail * disk.bsize,
    }),
    ...rates.all(broker, 'data_rates', Object.fromEntries(absent.map(name => [name, 0]))),
    ...rates.all(broker, 'msg_rates', valuesOf(ofChurn, broker)),
  };
}

/** The parts of the process's memory under RabbitMQ's names; what Erlang alone has is zero. */
export function nodeMemory({ broker }: Management): Record<string, unknown> {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const parts = {
    connection_readers: 0,
    connection_writers: 0,
    connection_channels: 0,
    connection_other: 0,
    queue_procs: 0,
    queue_slave_procs: 0,
    quorum_queue_procs: 0,
    quorum_queue_dlx_procs: 0,
    stream_queue_procs: 0,
    stream_queue_replica_reader_procs: 0,
    stream_queue_coordinator_procs: 0,
    plugins: 0,
    other_proc: heapUsed,
    metrics: 0,
    mgmt_db: 0,
    mnesia: 0,
    quorum_ets: 0,
    other_ets: 0,
    binary: arrayBuffers,
    msg_index: 0,
    code: 0,
    atom: 0,
    other_system: Math.max(0, external - arrayBuffers),
    allocated_unused: heapTotal - heapUsed,
    reserved_unallocated: Math.max(0, rss - heapTotal - external),
  };
  const total = { erlang: heapUsed + external, rss, allocated: heapTotal + external };
  return { ...parts, strategy: 'rss', message_bodies: broker.services.memory.bytes, total };
}

function fileLimits(): { used: number; max: number } {
  try {
    const max = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return { used: readdirSync('/proc/self/fd').length, max: Number(max ?? 0) };
  } catch {
    // Not on Linux.
    return { used: 0, max: 0 };
  }
}
