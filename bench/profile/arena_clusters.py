"""Which kind of task the clusters of Arena-Hard's prompts are, by the clusters' own names.

Arena-Hard (lm-sys/arena-hard-auto, Apache-2.0) groups real users' prompts by topic, two prompts in
each cluster. Clusters whose name leaves the task open, such as those named after a technology that
one can ask anything about, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.tasks import Task

_CODE = (
    "Advanced Matplotlib Customizations",
    "Advanced Regex Techniques",
    "Advanced TypeScript Concepts",
    "Algorithms and Problem Solving",
    "Android Development Challenges",
    "Array Pair Sum Optimization",
    "Automated Testing & Tools",
    "Basic Assembly Operations",
    "Browser Extensions Development",
    "C++ Code Conversion Challenge",
    "CSS Flexbox & Bootstrap Layouts",
    "CSV Data Manipulation in Pandas",
    "Calculating Pi in Python",
    "Calculating Pi with Code",
    "Code Deobfuscation Techniques",
    "Concurrency, Sockets, and Webhooks",
    "Cron Job Scheduling Issues",
    "Databricks & Spark Integration",
    "Delete System32 with Rust",
    "Discord Bot Development",
    "Django Models & Serializers",
    "Docker Deployment & Configuration",
    "Dockerizing Python Applications",
    "E-Commerce Web Development",
    "Excel VBA and Formulas",
    "FFmpeg Video Processing",
    "Fibonacci Sequence Algorithms",
    "Fixing Fibonacci & Factorial Code",
    "Flask Web Development Essentials",
    "GIS Scripting and Customization",
    "Gradio Interfaces and Blocks",
    "HDL Design and Verification",
    "HLSL Shader Decompilation Refactoring",
    "Interactive Data Visualization in Python",
    "JAX Sharding & Neural Networks",
    "JavaScript Code Manipulation Techniques",
    "JavaScript Fourier Transformation",
    "Kotlin Development & Techniques",
    "Kubernetes Management & Configuration",
    "Laravel & Filament Development",
    "Linked List Operations",
    "Linux Package Management Issues",
    "Mocking Techniques and Testing",
    "Monads in Functional Programming",
    "Nix/NixOS Configuration & Usage",
    "Node.js & Authentication Development",
    "Odoo File Handling & Customization",
    "Optimized CUDA Matrix Multiplication",
    "PDF Processing in Python",
    "PHP CalDAV & SCIM Integration",
    "PHP, CORS, and Server Requests",
    "PyTorch Autoencoder Implementation",
    "Python Audio Processing",
    "Python Coding Challenges",
    "Python Concurrency Challenges",
    "Python Console Code Simulation",
    "Python Data Structures",
    "Python Development & Integration",
    "Python Looping and Counting",
    "Python Prime Number Validation",
    "Python Web Scraping",
    "RNN Implementation in VB6",
    "React Component Development",
    "Roblox Scripting and Mechanics",
    "Rust Fibonacci & Factorial Functions",
    "Rust Structs and Traits",
    "SQL Client Period Due Dates",
    "SQL Database Essentials",
    "SVG Manipulation and Design",
    "Shiny App Development & Profiling",
    "Streamlit App Development",
    "String Reversal Techniques",
    "Swift Retry Management",
    "Symfony, Doctrine, CQRS/Event Sourcing",
    "Tailwind CSS & Next.js Development",
    "Text Processing with Awk/Sed/Grep",
    "Tidyverse Data Manipulation",
    "Tkinter Dynamic GUI Elements",
    "Video Download & Bot Scripts",
    "WPF Settings Persistence",
    "Web Development & APIs",
    "Web Page Navigation Testing",
    "Web Scraping Techniques & Tools",
    "YOLO Object Detection",
)
_MATHS = (
    "Advanced Algebra and Number Theory",
    "Advanced Mathematical Problem-Solving",
    "Bulk Ticket Pricing Mathematics",
    "Circular Motion and Revolutions",
    "Computing Standard Deviation",
    "Consecutive Draws Ball Difference",
    "Dice Probability Calculations",
    "Investment Growth Calculations",
    "Math Problems and Solutions",
    "Money and Transaction Puzzles",
    "Prime and Perfect Number Calculations",
    "Probability Distributions & Statistics",
    "Proving Square Root Irrationality",
    "Real Analysis Continuity",
    "Sample Size Calculation Methods",
    "Train Time and Speed Problems",
    "Triangle Geometry Analysis",
)
_REASONING = (
    "Array Positioning & SAT Solving",
    "Bob, Alice, Relationships & Interactions",
    "Cube, Shaking, Box Dynamics",
    "Number Substitution Patterns",
    "Pattern Completion Exercises",
    "Plate Stacks and Katamari",
    "Rubik's Cube & Puzzles",
    "Situation Puzzle Challenges",
)
_CREATIVE = (
    "Excel Satire & Instruction",
    "Magic Crystals & RPG Mechanics",
    "RPG Character Interactions",
    "Text-Based RPG Creation",
)
_EXTRACTION = (
    "Entity Relationship Extraction",
    "Member Identification Process",
    "Review Analysis & Feedback Disposition",
    "Sentiment Analysis Evaluations",
)
_TRANSLATION = ("Bug-Related German Translation", "Lojban Language Translation")
_CHAT = (
    "AI Startup Business Strategies",
    "Advanced Guitar Chord Theory",
    "Agile Scrum Leadership",
    "Aspiring Data Scientist Guidance",
    "Baking and Peanut Butter Recipes",
    "Business Operations Analysis",
    "Climate Change Skepticism",
    "DDR4 RAM Specifications 32GB",
    "Digital Advertising Insights",
    "Endurance Race Training",
    "GPU Performance and Selection",
    "Healthy Meal Planning",
    "Historical and Modern Housebuilding",
    "Hospital Design & Management",
    "Keyboard Key Functions & Layout",
    "Marketing Strategy Essentials",
    "Medical Conditions and Procedures",
    "Options Trading Strategies",
    "Password Creation & Security",
    "SEO for Home Services",
    "Smart Home Automation Controls",
    "Startup Business Planning",
    "Taxation Knowledge and Queries",
    "Teaching & Learning Assessment",
    "Trading Card Games",
    "WiFi Security and Hacking",
)

TASKS: Mapping[str, Task] = MappingProxyType(
    {
        cluster: task
        for task, clusters in (
            (Task.CODE, _CODE),
            (Task.MATHS, _MATHS),
            (Task.REASONING, _REASONING),
            (Task.CREATIVE, _CREATIVE),
            (Task.EXTRACTION, _EXTRACTION),
            (Task.TRANSLATION, _TRANSLATION),
            (Task.CHAT, _CHAT),
        )
        for cluster in clusters
    }
)
"""The task of each cluster that has one."""
