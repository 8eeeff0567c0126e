// How many people come, in words and as a bar where there is a limit.

export function inWords(people: number, capacity: number | null): string {
  if (capacity !== null) return `${people} of ${capacity} people`;
  return people === 1 ? "1 person" : `${people} people`;
}

interface Attendance {
  people: number;
  capacity: number | null;
}

export function Count({ people, capacity }: Attendance) {
  const isFull = capacity !== null && people >= capacity;
  return (
    <div class={isFull ? "count full" : "count"}>
      <span class="number">{inWords(people, capacity)}</span>
      {isFull && <span class="chip">Full</span>}
      {capacity !== null && (
        <svg class="fill" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
          <rect width="100" height="2" class="room" />
          <rect
            width={capacity === 0 ? 100 : Math.min(100, (people / capacity) * 100)}
            height="2"
          />
        </svg>
      )}
    </div>
  );
}
