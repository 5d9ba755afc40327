// SPDX-License-Identifier: Apache-2.0
// What this process has cost.
#pragma once
#include <sys/resource.h>

namespace weir::bench {

inline double cpu_seconds() {
    rusage r;
    getrusage(RUSAGE_SELF, &r);
    return double(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           double(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

}  // namespace weir::bench
