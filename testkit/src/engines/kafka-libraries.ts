import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE_FOLDER, keepFolder } from './cache-folder.ts';
import { findProgram } from './programs.ts';

/** The Kafka that is started unless another version is named. */
export const KAFKA_VERSION = '4.3.1';
/** Without a log binding of its own line Kafka's faults at the start are told nowhere. */
const LOG_BINDING_VERSION = '2.25.4';
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const MAVEN_MS = 240_000;

const pomOf = (version: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>skerry</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG_BINDING_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** Where Apache Kafka's jars lie, and where what is made from them may be kept. */
export interface KafkaLibraries {
  /** The class path, always in the same order, since an archive of classes wants that. */
  readonly classPath: string;
  readonly folder: string;
}

/**
 * Apache Kafka, 4.3.1 unless another version is named, from Maven Central, brought into the cache folder by Maven at the first time. Fails with a plain
 * error when Java or Maven is missing or Maven fails; nothing is left half done, and several processes may ask at once.
 */
export function kafkaLibraries(version = KAFKA_VERSION): KafkaLibraries {
  const folder = join(CACHE_FOLDER, `kafka-${version}`);
  const jars = join(folder, 'jars');
  if (!existsSync(jars)) fetchJars(version, folder, jars);
  const classPath = readdirSync(jars)
    .sort()
    .map((name) => join(jars, name))
    .join(':');
  return { classPath, folder };
}

function fetchJars(version: string, folder: string, target: string): void {
  const maven = findProgram('mvn');
  if (maven === undefined)
    throw new TypeError('mvn is missing here, which fetches Kafka; Debian: apt-get install maven');
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'fetch-'));
  try {
    const pom = join(work, 'pom.xml');
    const jars = join(work, 'jars');
    writeFileSync(pom, pomOf(version));
    const words = ['-B', '-q', '-f', pom, `-Dmaven.repo.local=${join(work, 'repository')}`, COPY_GOAL];
    const end = spawnSync(maven, [...words, `-DoutputDirectory=${jars}`, '-DincludeScope=runtime'], {
      encoding: 'utf8',
      timeout: MAVEN_MS,
    });
    if (end.status !== 0) throw new TypeError(`Maven could not fetch Kafka: ${end.stdout}${end.stderr}`);
    keepFolder(jars, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
