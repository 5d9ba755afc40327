// SPDX-License-Identifier: Apache-2.0
// What a program that is set up wrongly is told.
#pragma once
#include <functional>
#include <string>

#include <weir/error.hpp>

/// The sentence of the setup_error that `f` throws.
inline std::string refused(const std::function<void()>& f) {
    try {
        f();
    } catch (const weir::setup_error& e) { return e.what(); }
    return "nothing was thrown";
}
