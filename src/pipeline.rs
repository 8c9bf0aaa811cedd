//! The pipeline: tenant, mutation, policies, quota, verdict, in that order for both doors.
