import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { Construct } from 'constructs';

export interface BudgetProps {
  readonly name: string;
  readonly team: string;
  readonly monthlyUsd: number;
  readonly email: string;
}

/** What the team tag is called, on every resource and in the budget's filter. */
export const TEAM_TAG = 'headstart:team';

/** Writes at 80% spent and when the forecast reaches 100%. Counts by the team's tag, which must be active as a cost allocation tag. */
export function addBudget(scope: Construct, { name, team, monthlyUsd, email }: BudgetProps): void {
  const subscribers = [{ subscriptionType: 'EMAIL', address: email }];
  const notify = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
    notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
    subscribers,
  });
  new CfnBudget(scope, 'Budget', {
    budget: {
      budgetName: name,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: monthlyUsd, unit: 'USD' },
      costFilters: { TagKeyValue: [`user:${TEAM_TAG}$${team}`] },
    },
    notificationsWithSubscribers: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
  });
}
