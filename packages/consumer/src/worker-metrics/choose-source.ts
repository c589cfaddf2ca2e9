/**
 * Which CPU sources fit a machine. Pure.
 *
 * KCL's default decider compares a worker with those that report the same metric only: workers that
 * report CPU with one another, workers that report nothing (by throughput) with one another. Rows of
 * both kinds are valid, and leases without an owner go to either, so a mixed fleet serves every
 * shard. But a difference between the two groups starts no balancing: an idle newcomer of one group
 * may wait for long beside an even, loaded other group. So `auto` reports CPU exactly where a Java
 * worker on the same machine would, and else nothing:
 *
 * | machine | `auto` | `cpu` |
 * | --- | --- | --- |
 * | ECS, Fargate | task metadata | the same |
 * | Kubernetes | cgroups v2, else v1 | the same |
 * | EC2 | `/proc/stat` | cgroups, else `/proc/stat` |
 * | other Linux | nothing | cgroups, else `/proc/stat` |
 * | no Linux | nothing | nothing |
 *
 * KCL asks the EC2 metadata service whether it is on EC2. A library must not: it is where the
 * machine's credentials lie, so such calls alarm those who watch for request forgery, and elsewhere
 * each start waits for time-outs. The firmware says the same in a file.
 */
import { cgroupV1 } from './cgroup-v1.ts'
import { cgroupV2 } from './cgroup-v2.ts'
import type { CpuSource } from './cpu-source.ts'
import { ecsMetadata } from './ecs-metadata.ts'
import { procStat } from './proc-stat.ts'

export type CpuMode = 'auto' | 'cpu'

export interface MachineFacts {
  readonly isLinux: boolean
  /** Base address of the task metadata endpoint, on ECS. */
  readonly ecsMetadataUri: string | undefined
  readonly isKubernetes: boolean
  readonly isEc2: boolean
}

/** In order: the first that gives a percentage is used from then on. */
export function fittingSources(mode: CpuMode, facts: MachineFacts): readonly CpuSource[] {
  if (!facts.isLinux) return []
  if (facts.ecsMetadataUri !== undefined) {
    const source = ecsMetadata(facts.ecsMetadataUri)
    // Files of an ECS container do not know its limit, so none of them stands in.
    return source === undefined ? [] : [source]
  }
  if (facts.isKubernetes) return [cgroupV2, cgroupV1]
  if (mode === 'cpu') return [cgroupV2, cgroupV1, procStat]
  return facts.isEc2 ? [procStat] : []
}

/** What firmware says: Nitro and metal name the vendor, Xen the version. */
export function isEc2Firmware(
  vendor: string | undefined,
  biosVersion: string | undefined,
): boolean {
  return vendor?.trim() === 'Amazon EC2' || (biosVersion?.toLowerCase().includes('amazon') ?? false)
}
