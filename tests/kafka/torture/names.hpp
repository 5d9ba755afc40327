// SPDX-License-Identifier: Apache-2.0
// What weir calls its topics and what it writes into a changelog, in one place.
#pragma once
#include <string>
#include <string_view>

namespace tests::torture {

/// The topic of a `group_by`.
inline std::string repartition_topic(const std::string& app, const std::string& agent,
                                     const std::string& key) {
    return app + '-' + agent + '-' + key + "-repartition";
}

inline std::string changelog_topic(const std::string& app, const std::string& table) {
    return app + '-' + table + "-changelog";
}

/// A key that begins so is weir's own: a mark, no row.
inline constexpr std::string_view bookkeeping_key{"\0weir", 5};
/// The header of each row: the cut that it belongs to.
inline constexpr std::string_view cut_header = "weir.cut";
/// The header of a row that says that its key was erased.
inline constexpr std::string_view erased_header = "weir.erased";

}  // namespace tests::torture
