// SPDX-License-Identifier: Apache-2.0
// says: weir: topic.time(&view::at): this is no field of the topic's value
// names: f_can_be_called_with<.*const \w+ ?&
#include <weir/weir.hpp>

#include <string>

struct view {
    weir::timestamp at;
};
struct order {
    weir::timestamp at;
};

int main() {
    weir::app app{"a"};
    app.topic<std::string, order>("t").time(&view::at);
}
