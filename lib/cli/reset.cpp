// SPDX-License-Identifier: Apache-2.0
// `prog reset`: lets tables begin anew.
#include <fmt/core.h>

#include <vector>

#include "../app/engine.hpp"
#include "commands.hpp"

namespace weir::detail {

int reset(engine& e, const arguments& a) {
    if (a.of_all != a.table.empty()) throw setup_error{"weir: reset: name one table, or say --all"};
    std::vector<const table_info*> tables;
    if (!a.of_all) tables.push_back(&known_table(e, "reset", a.table));
    for (auto& [name, t] : e.tables().all())
        if (a.of_all && !t->is_global) tables.push_back(t.get());
    apply_settings(e, a);
    const auto steps = e.steps_of_reset(tables);
    if (!a.dry_run) e.reset(steps);
    for (auto& s : steps.told)
        fmt::print("{}{} {}\n", a.dry_run ? "would " : "", a.dry_run ? s.would : s.did, s.what);
    return exit_code::ok;
}

}  // namespace weir::detail
