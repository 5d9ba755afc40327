// SPDX-License-Identifier: Apache-2.0
// The app's options, as the loop uses them.
#pragma once
#include <memory>

#include <weir/clock.hpp>
#include <weir/graph/host.hpp>
#include <weir/hooks.hpp>
#include <weir/options.hpp>

#include "../release_queue.hpp"

namespace weir::detail {

struct settings {
    std::string app;
    app_options options;
    weir::clock* clock;  // the app's, never null
    std::shared_ptr<release_queue> releases;
    detail::host* host = nullptr;
};

}  // namespace weir::detail
