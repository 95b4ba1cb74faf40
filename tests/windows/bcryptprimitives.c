/* What std asks for random numbers, which wine 8 lacks: made of what it has. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG len);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T len)
{
	return SystemFunction036(buffer, (ULONG)len);
}
