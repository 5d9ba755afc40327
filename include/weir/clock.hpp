// SPDX-License-Identifier: Apache-2.0
// The clock is an interface, so that a test can use a virtual one.
#pragma once
#include <weir/fwd.hpp>

namespace weir {

/// The app's clock. `steady` is for limits and timers, `wall` for the timestamps of sent messages.
class clock {
public:
    virtual ~clock() = default;
    virtual time_point steady() const;
    virtual timestamp wall() const;
    /// Called before the loop waits. A virtual clock jumps to `t` and returns true. The real clock
    /// returns false, and the loop waits.
    virtual bool skip_to(time_point t);
};

}  // namespace weir
