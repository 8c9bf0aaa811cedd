//! What tenants use: sums over sizes, and what exceeds a limit.
