/** The plan that the options ask for. Pure but for its count of rounds. */
import type { ResolvedLeaseOptions } from '../options.ts'
import type { AssignmentInput, AssignmentPlan } from './assignment-input.ts'
import { planAssignment } from './lease-count-plan.ts'
import { planByUtilization } from './utilization-plan.ts'

export class AssignmentStrategy {
  readonly #options: Pick<ResolvedLeaseOptions, 'assignmentStrategy' | 'workerUtilization'>
  #rounds = 0

  constructor(options: Pick<ResolvedLeaseOptions, 'assignmentStrategy' | 'workerUtilization'>) {
    this.#options = options
  }

  plan(input: AssignmentInput): AssignmentPlan {
    const { assignmentStrategy, workerUtilization } = this.#options
    if (assignmentStrategy === 'lease-count' || workerUtilization === undefined) {
      return planAssignment(input)
    }
    // What a worker measures follows its leases with a delay: its load is not judged every time.
    const balance =
      input.balance && this.#rounds++ % workerUtilization.varianceBalancingFrequency === 0
    return planByUtilization({ ...input, balance }, workerUtilization)
  }
}
