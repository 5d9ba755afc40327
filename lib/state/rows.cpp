// SPDX-License-Identifier: Apache-2.0
#include <weir/state/rows.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

namespace weir::detail {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

void* allocate_rows(std::size_t bytes, bool huge) {
    const auto rounded = (bytes + huge_page - 1) / huge_page * huge_page;
    void* p = huge ? std::aligned_alloc(huge_page, rounded) : std::malloc(bytes);
    if (!p) throw std::bad_alloc{};
    if (huge) madvise(p, rounded, MADV_HUGEPAGE);  // without them it is slower, and right
    return p;
}
void free_rows(void* p) noexcept { std::free(p); }

void row_index::place(std::vector<std::uint64_t>& cells, std::uint64_t cell) {
    const auto mask = cells.size() - 1;
    auto at = (cell >> 32) & mask;
    while (cells[at] != 0) at = (at + 1) & mask;
    cells[at] = cell;
}

void row_index::insert(std::uint64_t hash, std::uint32_t number) {
    auto& in = parts_[hash >> 56];
    if ((in.used + 1) * 8 > in.cells.size() * 5) {  // at most 5/8 full
        std::vector<std::uint64_t> larger(std::max<std::size_t>(8, in.cells.size() * 2), 0);
        for (const auto cell : in.cells)
            if (cell != 0) place(larger, cell);
        cells_ += larger.size() - in.cells.size();
        in.cells = std::move(larger);
    }
    place(in.cells, hash >> 32 << 32 | (std::uint64_t{number} + 1));
    ++in.used;
}

/// Cells behind the erased one move up, so that no look ends at a hole before them.
void row_index::erase(std::uint64_t hash, std::uint32_t number) {
    auto& in = parts_[hash >> 56];
    const auto mask = in.cells.size() - 1;
    const auto wanted = hash >> 32 << 32 | (std::uint64_t{number} + 1);
    auto hole = (hash >> 32) & mask;
    while (in.cells[hole] != wanted) hole = (hole + 1) & mask;
    for (auto at = (hole + 1) & mask; in.cells[at] != 0; at = (at + 1) & mask) {
        const auto home = (in.cells[at] >> 32) & mask;
        // it may move if its home is not between the hole and where it stands
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        in.cells[hole] = in.cells[at];
        hole = at;
    }
    in.cells[hole] = 0;
    --in.used;
}

}  // namespace weir::detail
