import assert from 'node:assert/strict'
import {
  type CpuMode,
  fittingSources,
  isEc2Firmware,
  type MachineFacts,
} from '../../src/worker-metrics/choose-source.ts'

const PLAIN: MachineFacts = {
  isLinux: true,
  ecsMetadataUri: undefined,
  isKubernetes: false,
  isEc2: false,
}
const ECS = { ecsMetadataUri: 'http://169.254.170.2/v4/1' }
const FOREIGN_ECS = { ecsMetadataUri: 'http://example.com/v4/1' }
const GROUPS = ['cgroup v2', 'cgroup v1']
const METADATA = ['ECS task metadata']

describe('fittingSources', () => {
  const cases: readonly (readonly [string, Partial<MachineFacts>, CpuMode, readonly string[]])[] = [
    ['a task of ECS', ECS, 'auto', METADATA],
    ['a task of ECS on a machine of EC2', { ...ECS, isEc2: true }, 'auto', METADATA],
    ['an address of ECS beyond this machine', { ...FOREIGN_ECS, isEc2: true }, 'auto', []],
    ['a pod on EC2', { isKubernetes: true, isEc2: true }, 'auto', GROUPS],
    ['a machine of EC2', { isEc2: true }, 'auto', ['/proc/stat']],
    ['any other Linux', {}, 'auto', []],
    ['no Linux', { isLinux: false, isKubernetes: true }, 'auto', []],
    ['a task of ECS', ECS, 'cpu', METADATA],
    ['a pod', { isKubernetes: true }, 'cpu', GROUPS],
    ['a machine of EC2', { isEc2: true }, 'cpu', [...GROUPS, '/proc/stat']],
    ['any other Linux', {}, 'cpu', [...GROUPS, '/proc/stat']],
    ['no Linux', { isLinux: false }, 'cpu', []],
  ]
  for (const [what, facts, mode, names] of cases) {
    it(`finds for '${mode}' in ${what}: ${names.join(', ') || 'nothing'}`, () => {
      const sources = fittingSources(mode, { ...PLAIN, ...facts })
      assert.deepEqual(
        sources.map(({ name }) => name),
        names,
      )
    })
  }

  it('never names the EC2 metadata service', () => {
    for (const [, facts, mode] of cases) {
      const places = fittingSources(mode, { ...PLAIN, ...facts }).flatMap((source) => source.places)
      assert.ok(places.every((place) => !place.includes('169.254.169.254')))
    }
  })
})

describe('isEc2Firmware', () => {
  const machines: readonly (readonly [string | undefined, string | undefined, boolean])[] = [
    ['Amazon EC2\n', '1.0\n', true],
    ['Xen\n', '4.11.amazon\n', true],
    ['Xen\n', '4.11\n', false],
    ['QEMU\n', '1.16.3\n', false],
    [undefined, undefined, false],
  ]
  for (const [vendor, version, isEc2] of machines) {
    it(`says ${isEc2} of ${JSON.stringify([vendor, version])}`, () => {
      assert.equal(isEc2Firmware(vendor, version), isEc2)
    })
  }
})
