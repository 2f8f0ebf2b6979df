export type { EngineCertificates } from './certificates.ts';
export { makeEngineCertificates } from './certificates.ts';
export { Engine } from './engine.ts';
export { Kafka, KafkaNode, type KafkaOptions, startKafka } from './kafka.ts';
export { kafkaLibraries } from './kafka-libraries.ts';
export { type MosquittoOptions, startMosquitto } from './mosquitto.ts';
export { accepts, freePorts } from './ports.ts';
export { Postgres, type PostgresOptions, PostgresServer, startPostgres } from './postgres.ts';
export { findPostgresFolder, findProgram } from './programs.ts';
