import { sharedPath } from './shared-data.ts'

/** The card transactions of the Fraud Detection Handbook; see README.md of the reference data. */
export const handbookFiles = ['04', '05', '06', '07', '08', '09'].map((month) =>
  sharedPath('data', 'handbook', `transactions-2018-${month}.csv.gz`),
)

export const handbookEvents = `
events:
  transaction:
    fields: { account: string, terminal: string, amount: money, fraud: bool }
    keys: { account: account, terminal: terminal }
`

/** Also for the slice with published features, whose first columns are the same. */
export const handbookMap = `
maps:
  - event: transaction
    fields:
      id: row.TRANSACTION_ID
      at: timestamp("2018-04-01T00:00:00Z") + duration(row.TX_TIME_SECONDS + "s")
      account: row.CUSTOMER_ID
      terminal: row.TERMINAL_ID
      amount: row.TX_AMOUNT
      fraud: row.TX_FRAUD_SCENARIO != "0"
`
