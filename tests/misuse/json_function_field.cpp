// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON cannot carry this field: give it one of the types of docs/json.md
// names: done
#include <weir/weir.hpp>

#include <functional>
#include <string>

struct order {
    std::string id;
    std::function<void()> done;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t"));
}
