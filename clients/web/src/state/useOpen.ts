/** Opens an address inside the app on a plain click, and leaves every other click to the browser. */
import { useCallback, type MouseEvent } from "react";
import { useLocation } from "wouter";

export function useOpen(): (href: string) => (event: MouseEvent) => void {
  const [, navigate] = useLocation();
  return useCallback((href: string) => (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  }, [navigate]);
}
