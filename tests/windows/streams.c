/* Says one word on stdout and another on stderr. */
#include <stdio.h>

int main(void)
{
	fputs("out\n", stdout);
	fflush(stdout);
	fputs("err\n", stderr);
	return 0;
}
