// SPDX-License-Identifier: Apache-2.0
// Time is passed in: one interface, owned by the app, real or virtual.
#pragma once
#include <weir/fwd.hpp>

namespace weir {

/// The app's clock. `steady` is for limits and timers, `wall` for timestamps of what is sent.
class clock {
public:
    virtual ~clock() = default;
    virtual time_point steady() const;
    virtual timestamp wall() const;
    /// Instead of waiting: a virtual clock jumps to `t` and says true; the real one says false, and
    /// the loop waits.
    virtual bool skip_to(time_point t);
};

}  // namespace weir
