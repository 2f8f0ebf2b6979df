/** A metric as docs/METRICS.md tells it; tests/engines/monitoring compares it with what a real Prometheus found. */
export interface CataloguedMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Jobs of Prometheus that have it are `skerry-<role>`. */
  readonly roles: readonly MetricRole[];
  /** Labels that it may have. */
  readonly labels: readonly string[];
  readonly help: string;
  /** When it appears; absent for one that is there from the start. */
  readonly when?: string;
}

/** A role of which metrics are read. */
export type MetricRole = 'cloud' | 'gateway' | 'up' | 'writer';

/** A title, or: name | type | roles | labels | help | when it appears. */
const TABLE = `
# What every role tells of itself
iot_build_info | gauge | cloud gateway up writer | role version | 1; version and role of the process are in its labels.
iot_disk_free_bytes | gauge | cloud gateway up |  | Free bytes of the disk of the data folder.
iot_disk_size_bytes | gauge | cloud gateway up |  | Bytes of the disk of the data folder.
iot_not_ready_reasons | gauge | cloud gateway up writer | code | What keeps the process from its work, by code; no sample while nothing does. | while something keeps the process from its work
iot_process_cpu_seconds | gauge | cloud gateway up writer |  | CPU time of the process, all threads.
iot_process_event_loop_delay_seconds | histogram | cloud gateway up writer | thread | How late a turn of the event loop came, by thread.
iot_process_heap_bytes | gauge | cloud gateway up writer |  | Heap of the main thread that is in use.
iot_process_resident_memory_bytes | gauge | cloud gateway up writer |  | Resident memory of the process.
iot_process_start_time_seconds | gauge | cloud gateway up writer |  | When the process started, s since 1970.
iot_process_uptime_seconds | gauge | cloud gateway up writer |  | Time since the process started.
iot_ready | gauge | cloud gateway up writer |  | 1 while the process does all of its work, 0 while something keeps it from a part.
iot_tracing_spans_dropped_total | counter | cloud gateway up writer | reason | Spans that were not told: no room in the queue, refused by the collector, or not reached, by reason. | where traces are collected
iot_tracing_spans_exported_total | counter | cloud gateway up writer |  | Spans that the collector has taken. | where traces are collected
iot_tracing_spans_queued | gauge | cloud gateway up writer |  | Spans that wait to be told to the collector. | where traces are collected
# Ingestion and latency
iot_data_ingestion_total | counter | up writer |  | Telemetry records that were given a verdict.
iot_device_count | gauge | cloud up | tenant model phase | Devices known, by tenant, model and phase.
iot_device_status | gauge | cloud up | status device_id tenant project | Devices by freshness, or whether each is fresh (metrics.perDevice).
iot_processing_latency_seconds | histogram | cloud gateway up writer | stage | Time from the receipt of a record to the end of a stage; end_to_end: until its points are visible.
# From external brokers
iot_gateway_rebirths_total | counter | gateway |  | Requests for births that were published to Sparkplug edge nodes. | where a source has Sparkplug topics
iot_gateway_slots_adopted_total | counter | gateway |  | Slots of gateways that did not come back, emptied. | after the first one
iot_subscriber_acked_total | counter | gateway | source | PUBACKs and PUBRECs sent to external brokers, by source.
iot_subscriber_broker_dropped_total | counter | gateway | source | Messages that an external broker says it dropped for full queues, of any of its clients, by source.
iot_subscriber_connected | gauge | gateway | source | 1 while an external broker has accepted the connection, else 0, by source.
iot_subscriber_disconnects_total | counter | gateway | source code | Connections to an external broker that ended or did not come about, by source and code of the fault. | after the first one
iot_subscriber_held | gauge | gateway | source | 1 while the connection is not read because what came is not durable yet, by source.
iot_subscriber_oversize_total | counter | gateway | source | Messages larger than are taken whole, by source; their beginning is dead-lettered, the rest lost.
iot_subscriber_received_total | counter | gateway | qos source | Messages taken from external brokers, by source and QoS.
iot_subscriber_reconnects_total | counter | gateway | source | Connections to an external broker after the first, by source.
iot_subscriber_refused_filters | gauge | gateway | source | Topic filters that an external broker refuses or grants with a lower QoS, by source.
iot_subscriber_sessions_lost_total | counter | gateway | source | Sessions that an external broker has forgotten with the messages that waited there, by source.
iot_subscriber_unacked | gauge | gateway | source | Messages of an external broker that are not durable yet, by source.
iot_subscriber_window_exceeded_total | counter | gateway | source | Connections on which an external broker has sent more than Receive Maximum allows, by source.
# Kafka
iot_kafka_lag_records | gauge | writer | partition topic | Records of a partition that are not done with.
iot_kafka_lag_seconds | gauge | writer | partition topic | Age of the oldest record of a partition that is not done with.
iot_kafka_forgotten_records_total | counter | writer | partition topic | Records that were read, and that Kafka lost afterwards. | after the first one
iot_kafka_lost_records_total | counter | writer | partition topic | Records that retention removed before they were read.
iot_kafka_times_bounded_total | counter | writer | partition topic | Records whose receive time could not be, and was put right.
iot_kafka_retention_left_seconds | gauge | writer | partition topic | Time until retention removes a record that is not done with; the whole retention while none waits.
iot_kafka_uplink_again_total | counter | cloud gateway | complete | Records that are sent to Kafka again, since it has lost what it had acknowledged; complete: whether the buffer had all of them. | after the first one
iot_kafka_uplink_connected | gauge | cloud gateway |  | 1 while Kafka takes records, 0 while they wait.
iot_kafka_uplink_lag_records | gauge | cloud gateway |  | Durable records that are not in Kafka yet.
iot_kafka_uplink_lag_seconds | gauge | cloud gateway |  | Age of the oldest record that is not in Kafka yet.
iot_kafka_uplink_records_total | counter | cloud gateway |  | Records that Kafka has taken from the uplink.
iot_kafka_uplink_refused_total | counter | cloud gateway | reason | Records that went to the dead letters. | after the first one
iot_kafka_uplink_retries_total | counter | cloud gateway |  | Tries of the uplink that failed.
iot_kafka_write_seconds | histogram | cloud gateway |  | Time from giving a round of records to Kafka until all of them are acknowledged.
iot_source_position | gauge | cloud | source | Offset behind the last record of a partition that is committed.
iot_site_lag_records | gauge | cloud | partition topic | Records of a partition that are not stored, whoever writes it.
iot_site_lag_seconds | gauge | cloud | partition topic | Age of the oldest record of a partition that is not stored, whoever writes it.
iot_site_sink_lag_seconds | gauge | cloud | sink | Age of the oldest committed seal that a sink does not have; 0 when it has all. | where sinks are configured
iot_site_sink_retention_left_seconds | gauge | cloud | sink | Time until retention removes the oldest committed seal that a sink does not have; 0 when it has removed some. | while a sink lacks a seal
iot_site_retention_left_seconds | gauge | cloud | partition topic | Time until retention removes the oldest record of a partition that is not stored; 0 when it has removed some. | while records wait
# Pipeline
iot_pipeline_backlog_records | gauge | up writer |  | Durable telemetry records that have no verdict yet.
iot_pipeline_backlog_seconds | gauge | up writer |  | Time since the receipt of the newest record with a verdict, while others wait; else 0.
iot_pipeline_dead_letters_open | gauge | cloud up writer |  | Open dead letters.
iot_pipeline_dead_letters_total | counter | up writer | reason | Records that were set aside, by reason.
iot_pipeline_dedupe_entries | gauge | up writer |  | Ids in all dedupe windows.
iot_pipeline_devices | gauge | cloud up writer |  | Devices known.
iot_pipeline_documents | gauge | up writer |  | Declared pipelines and lookup tables in force. | once a pipeline is declared
iot_pipeline_documents_broken | gauge | up writer |  | Pipelines in force that this version cannot make. | once a pipeline is declared
iot_pipeline_gaps_forgotten | gauge | up writer |  | Gaps forgotten because of the limits, since the start.
iot_pipeline_head_points | gauge | up writer |  | Points in the open head.
iot_pipeline_hot_bytes | gauge | up writer |  | Bytes of batches handed over and not decoded yet.
iot_pipeline_live_gaps_total | counter | up writer |  | Gaps that live feeds were told of.
iot_pipeline_points_total | counter | up writer |  | Points that became visible.
iot_pipeline_repeated_total | counter | up writer |  | Records that a gateway has sent again; they count as deduplicated.
iot_pipeline_replays_refused_total | counter | up writer |  | Replays of dead letters that could not be taken this time either.
iot_pipeline_seals_total | counter | up writer |  | Seals that became durable.
iot_pipeline_seq_resets_total | counter | up writer |  | Restarts of a device's own numbering.
iot_pipeline_series | gauge | cloud up writer |  | Series known.
iot_pipeline_sparkplug_metrics | gauge | up writer |  | Metrics of all Sparkplug births that are kept.
iot_pipeline_sparkplug_nodes | gauge | up writer |  | Sparkplug edge nodes that were heard of.
iot_pipeline_stage_cost_total | counter | cloud up | tenant project pipeline stage | Units that the expressions of a stage cost at most. | once a pipeline is declared
iot_pipeline_stage_dead_letters_total | counter | cloud up | tenant project pipeline stage | Records that a stage set aside. | once a pipeline is declared
iot_pipeline_stage_groups | gauge | cloud up | tenant project pipeline stage | Groups of an Aggregate. | once a pipeline is declared
iot_pipeline_stage_in_total | counter | cloud up | tenant project pipeline stage | Messages that came to a stage. | once a pipeline is declared
iot_pipeline_stage_late_total | counter | cloud up | tenant project pipeline stage | Messages too late for every open window of a stage. | once a pipeline is declared
iot_pipeline_stage_out_total | counter | cloud up | tenant project pipeline stage | Messages that a stage let go on. | once a pipeline is declared
iot_pipeline_stage_results_total | counter | cloud up | tenant project pipeline stage | Results of the windows of a stage. | once a pipeline is declared
iot_pipeline_stage_taken_out_total | counter | cloud up | tenant project pipeline stage | Messages that a stage took out. | once a pipeline is declared
iot_pipeline_stalls_total | counter | up writer |  | Times the pipeline waited for a free head.
iot_pipeline_subscriptions | gauge | up writer |  | Live subscriptions.
iot_pipeline_time_corrected_total | counter | up writer |  | Records whose event time was replaced by the time of receipt.
iot_projects_refused_total | counter | cloud gateway up |  | Topics whose project is counted without a name because too many projects are known.
iot_session_records_skipped_total | counter | cloud gateway up |  | Begins and ends of connections that were not journalled because nothing was taken in.
# Ledger
iot_ledger_imbalance | gauge | cloud up writer |  | Findings of the last check of the ledger; 0 when it balances.
iot_ledger_records | gauge | cloud up writer | account | Records by account of the ledger.
# Journal
iot_journal_full | gauge | cloud gateway up |  | 1 while the journal takes nothing because it is full.
iot_journal_records_total | counter | cloud gateway up |  | Records made durable in the journal.
iot_journal_segments | gauge | cloud gateway up |  | Segment files of the journal.
iot_journal_size_bytes | gauge | cloud gateway up |  | Bytes of the journal on disk.
iot_journal_sync_seconds | histogram | cloud gateway up |  | Time a sync of the journal takes.
iot_journal_waiting_bytes | gauge | cloud gateway up |  | Bytes of records that are not durable yet.
iot_journal_written_bytes_total | counter | cloud gateway up |  | Bytes written to the journal.
# Store
iot_cache_errors_total | counter | cloud writer |  | Requests to the cache of newest values that failed; PostgreSQL answers instead. | where Redis is configured
iot_cache_lag_seals | gauge | writer |  | Seals that are committed and not in the cache of newest values yet. | where Redis is configured
iot_cache_reads_total | counter | cloud | outcome | Questions for newest values: answered by the cache (hit), not there (miss), not believed (doubt), failed (error); all but hits by PostgreSQL. | where Redis is configured
iot_cache_values_written_total | counter | writer |  | Newest values that were put into the cache. | where Redis is configured
iot_sink_lag_seals | gauge | writer | sink | Committed seals that a sink has not taken yet. | where sinks are configured
iot_sink_missed_seals_total | counter | writer | sink | Seals that retention removed before a sink had them. | where sinks are configured
iot_sink_points_total | counter | writer | sink | Points that a sink has taken. | where sinks are configured
iot_sink_refused_total | counter | writer | sink | Points that a sink will never take. | where sinks are configured
iot_sink_request_seconds | histogram | writer | sink | Time of a request that writes points into a sink. | where sinks are configured
iot_postgres_reads_total | counter | cloud | server | Questions answered, by who was asked. | with postgres.readUrl
iot_postgres_standby_answers | gauge | cloud |  | 1 while the standby answers questions. | with postgres.readUrl
iot_postgres_standby_stale_seconds | gauge | cloud |  | Everything committed longer ago than this is known to be on the standby. | with postgres.readUrl
iot_sparkplug_rebirths_total | counter | up writer | outcome | Requests to Sparkplug edge nodes for their births, by what became of them.
iot_store_bytes | gauge | cloud up |  | Bytes of all tables of the store.
iot_store_chunks | gauge | up |  | Chunks in the files of raw points.
iot_store_files | gauge | up |  | Files of the store.
iot_store_fold_seconds | histogram | writer |  | Time in which the state of devices came into its tables.
iot_store_merged_chunks_total | counter | up |  | Chunks that merging did away with.
iot_store_points_total | counter | up writer |  | Points made durable.
iot_store_query_seconds | histogram | up writer |  | Time of a query.
iot_store_retention_refused | gauge | up writer |  | 1 while retention removes nothing because the wall clock has jumped.
iot_store_rollup_lag_seals | gauge | up writer |  | Seals not yet applied to the rollups.
iot_store_seal_seconds | histogram | up writer |  | Time from a seal to its durability.
iot_store_seals_total | counter | up writer |  | Seals made durable.
# MQTT broker of skerry up
iot_mqtt_access_refused_total | counter | up | kind reason | What clients were not allowed to do. | after the first refusal
iot_mqtt_connections | gauge | up |  | MQTT connections at the moment.
iot_mqtt_connections_refused_total | counter | up |  | Connections closed: too many of them.
iot_mqtt_connects_total | counter | up |  | CONNECT packets that were accepted.
iot_mqtt_disconnects_total | counter | up | reason | Connections that ended.
iot_mqtt_dropped_total | counter | up | reason | Messages that went no further. | after the first one
iot_mqtt_faults_total | counter | up | fault | Faults of clients. | after the first one
iot_mqtt_handshakes_failed_total | counter | up | listener reason | Connections that ended in a handshake of TLS or WebSocket. | after the first one
iot_mqtt_held_connections | gauge | up |  | Connections that are not read at the moment.
iot_mqtt_pubacks_sent_total | counter | up |  | PUBACK and PUBREC of success.
iot_mqtt_publishes_received_total | counter | up | qos | PUBLISH packets taken from clients.
iot_mqtt_publishes_refused_total | counter | up |  | PUBLISH packets answered by a refusal.
iot_mqtt_publishes_sent_total | counter | up |  | PUBLISH packets written to clients.
iot_mqtt_queued_bytes | gauge | up |  | Bytes that wait for all sessions together.
iot_mqtt_received_bytes_total | counter | up |  | Bytes read from clients.
iot_mqtt_retained_bytes | gauge | up |  | Bytes of the retained messages.
iot_mqtt_retained_messages | gauge | up |  | Retained messages.
iot_mqtt_sessions | gauge | up |  | Sessions in memory, of connected and absent clients.
iot_mqtt_subscriptions | gauge | up |  | Subscriptions of all sessions.
iot_mqtt_unacked_publications | gauge | up |  | Publications that are not durable yet.
# HTTP and sign-in
iot_access_hashes_waiting | gauge | cloud up |  | Passwords that wait to be verified.
iot_access_sign_ins_throttled_total | counter | cloud up |  | Sign-ins refused because an address or a name had tried too often.
iot_api_answers_dropped_total | counter | cloud up |  | Answers of many lines that were broken off because the client took nothing of them.
iot_api_connections | gauge | cloud up |  | HTTP connections that are open.
iot_api_exports | gauge | cloud up |  | Exports that run.
iot_api_intake_bytes | gauge | cloud up |  | Bytes of telemetry bodies that are being taken in.
iot_api_queries | gauge | cloud up |  | Telemetry queries that run.
iot_api_request_seconds | histogram | cloud gateway up writer | method route | Time from a request to the end of its answer, by method and route; event streams are left out.
iot_api_requests_limited_total | counter | cloud up |  | Requests refused because their subject made too many.
iot_api_requests_total | counter | cloud gateway up writer | method route status | HTTP requests that were answered, by method, route and status.
iot_api_streams | gauge | cloud up |  | Event streams that are open.
iot_api_streams_dropped_total | counter | cloud up |  | Event streams closed because the client did not take its events.
# Names that the earlier system had planned
kafka_write_latency_seconds | histogram | cloud gateway |  | Earlier name of iot_kafka_write_seconds.
message_processing_errors_total | counter | up writer | reason | Earlier name of iot_pipeline_dead_letters_total and iot_kafka_uplink_refused_total.
mqtt_messages_received_total | counter | gateway up | source qos | Earlier name of iot_subscriber_received_total and iot_mqtt_publishes_received_total.
`;

/** Every metric by the title of its group. */
export function metricCatalogue(): ReadonlyMap<string, readonly CataloguedMetric[]> {
  const groups = new Map<string, CataloguedMetric[]>();
  let group: CataloguedMetric[] = [];
  for (const line of TABLE.trim().split('\n')) {
    if (line.startsWith('# ')) {
      group = [];
      groups.set(line.slice(2), group);
    } else group.push(catalogued(line));
  }
  return groups;
}

function catalogued(line: string): CataloguedMetric {
  const [name = '', type = '', roles = '', labels = '', help = '', when] = line
    .split('|')
    .map((cell) => cell.trim());
  const words = (text: string) => (text === '' ? [] : text.split(' '));
  return {
    name,
    type: type as CataloguedMetric['type'], // the table has no other; the test compares it with what Prometheus was told
    roles: words(roles) as MetricRole[], // likewise
    labels: words(labels),
    help,
    ...(when === undefined ? {} : { when }),
  };
}
