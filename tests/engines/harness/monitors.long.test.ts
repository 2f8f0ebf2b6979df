import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTool, startAlertmanager, startPrometheus } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

const ALERTS = `route: { receiver: nobody, group_wait: 0s }
receivers: [{ name: nobody }]
`;

test('startPrometheus: it scrapes, its rules fire at an Alertmanager, samples outlast SIGKILL; nothing runs afterwards', async () => {
  const pids: number[] = [];
  {
    await using alerts = await startAlertmanager({ config: ALERTS });
    await using engine = await startPrometheus({
      config: [
        'global: { scrape_interval: 1s, evaluation_interval: 1s }',
        'rule_files: [rules.yml]',
        `alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:${alerts.port}'] }] }] }`,
        `scrape_configs: [{ job_name: am, static_configs: [{ targets: ['127.0.0.1:${alerts.port}'] }] }]`,
        '',
      ].join('\n'),
      files: {
        'rules.yml': 'groups: [{ name: g, rules: [{ alert: ItIsUp, expr: up == 1 }] }]\n',
      },
    });
    const query = (text: string) => runTool('promtool', ['query', 'instant', engine.url, text]);
    const amtool = (...words: string[]) =>
      runTool('amtool', ['--alertmanager.url', alerts.url, 'alert', ...words]);
    await until('a sample', async () => (await query('up{job="am"}')).includes('=> 1 @'));
    await until('the alert', async () => (await amtool('query')).includes('ItIsUp'));
    await engine.kill();
    await engine.restart();
    assert.match(await query('last_over_time(up{job="am"}[5m])'), /=> 1 @/);
    await alerts.kill();
    await until('the scrape that fails', async () => (await query('up{job="am"}')).includes('=> 0 @'));
    await alerts.restart();
    await amtool('add', 'alertname=ByHand');
    await until('the alert by hand', async () =>
      (await amtool('query', 'alertname=ByHand')).includes('ByHand'),
    );
    await alerts.stop();
    await engine.stop();
    await alerts.restart();
    await engine.restart();
    pids.push(...engine.pids, ...alerts.pids);
  }
  assertGone(pids);
});
