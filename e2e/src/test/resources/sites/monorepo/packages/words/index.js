export const words = 'from a workspace package';
